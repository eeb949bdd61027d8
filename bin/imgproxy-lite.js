#!/usr/bin/env node
import { readFileSync } from "node:fs";

const programs = {
  serve: async () => (await load("server")).serve,
  gc: async () => (await load("server")).gc,
  scan: async () => (await load("scan")).scan,
  health: async () => (await load("server")).health,
  score: async () => (await load("server")).score,
};

const usage = `usage: imgproxy-lite serve|gc|scan|health|score [--help]

  serve    the image server
  gc       keeps the cache within its bounds: one sweep, or --watch
  scan     checks, describes and warms the images of a Hugo site
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
  const program = await programs[name]();
  process.exitCode = await program(argv, process.env);
}

async function load(folder) {
  try {
    return await import(`../dist/${folder}/main.js`);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error("imgproxy-lite is not built: run npm ci && npm run build", { cause: error });
  }
}

function version() {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}
