#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const programs = {
  serve: async () => (await load("server")).serve,
  gc: async () => (await load("server")).gc,
  scan: async () => (await load("scan")).scan,
  init: async () => (await load("scan")).init,
  move: async () => (await load("scan")).move,
  doctor: async (argv) => (await load(argv.includes("--server") ? "server" : "scan")).doctor,
  health: async () => (await load("server")).health,
  score: async () => (await load("server")).score,
};

const usage = `usage: imgproxy-lite serve|gc|scan|init|move|doctor|health|score [--help]

  serve    the image server
  gc       keeps the cache within its bounds: one sweep, or --watch
  scan     checks, describes and warms the images of a Hugo site
  init     prepares a Hugo site: the module, its parameters, the theme's recipe, CI, Compose
  move     moves a site's photographs from its repository to the bucket
  doctor   checks a site and its server, or with --server the server's settings, source, cache and libraries
  health   asks the server of this machine whether it lives, for a container's healthcheck
  score    how much a picture looks like its original, from 100 down

Each says more with --help.
`;

// Who reads the output may leave, as `| head` does, or a terminal may go: the work goes on, and the exit code tells how.
for (const output of [process.stdout, process.stderr])
  output.on("error", (error) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });

const [name, ...argv] = process.argv.slice(2);
if (name === "--help" || name === "-h") process.stdout.write(usage);
else if (name === "--version") process.stdout.write(`${version()}\n`);
else if (name === undefined || !Object.hasOwn(programs, name)) {
  process.stderr.write(name === undefined ? usage : `imgproxy-lite has no "${name}"\n\n${usage}`);
  process.exitCode = 2;
} else {
  const program = await programs[name](argv);
  process.exitCode = await program(argv, process.env);
}

async function load(folder) {
  const program = new URL(`../dist/${folder}/main.js`, import.meta.url);
  if (existsSync(program)) return await import(program.href);
  process.stderr.write(`imgproxy-lite: built files are missing: ${remedy()}\n`);
  process.exit(2);
}

/** npm rebuilds only what it links, such as a checkout: a git package without its build has no sources, so nothing can build it. */
function remedy() {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  const { repository } = manifest();
  return existsSync(new URL("../tsconfig.build.json", import.meta.url))
    ? `run npm ci && npm run build in ${folder}, or use the release: ${repository}/releases`
    : `the package manager skipped the scripts of ${folder}, and npm rebuild imgproxy-lite cannot make up for it. Use the release, which is built: ${repository}/releases`;
}

function version() {
  return manifest().version;
}

function manifest() {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
}
