import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeDemoSite } from "./demo-site.ts";
import { type Hugo, obtainHugo } from "./hugo.ts";
import { freePort } from "./machine/ports.ts";
import { type Program, runProgram, startProgram } from "./machine/processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const example = join(root, "hugo-module/exampleSite");
const { values: options } = parseArgs({
  options: {
    /** Of the cache and the site: nothing of the demo is written into the example blog, which belongs to the repository. */
    folder: { type: "string", default: join(root, ".cache") },
    /** Someone waits for the scan: each start tunes some photographs more. */
    "tune-budget": { type: "string", default: "15s" },
  },
});
const cache = join(options.folder, "demo");
const site = join(options.folder, "demo-site");
const executable = join(root, "bin/imgproxy-lite.js");
// With a token the scan is a publish, not a reader: its images can take longer than a reader waits.
const token = randomBytes(16).toString("hex");

/** `npm run demo`: everything on this machine, from photographs in a folder to a blog in the browser. */
async function demo(signal: AbortSignal): Promise<void> {
  const running: Program[] = [];
  try {
    console.log("Looking for Hugo; without one on PATH, one is unpacked into .cache/hugo");
    const hugo = await Promise.race([obtainHugo(), interruption(signal)]);
    console.log(`Hugo ${hugo.version}, from ${hugo.from}`);
    const images = await port("the image server", 5000);
    const server = await startServer(images, signal);
    running.push(server);
    await writeDemoSite(example, site);
    await scan(images, signal);
    const pages = await port("hugo server", 1313);
    const blog = await startHugo(hugo, pages, images, signal);
    running.push(blog);
    console.log(`
  The blog        http://localhost:${pages}/
  A photograph    http://localhost:${images}/?img=worms.jpg&q=33&w=800
  The Studio      http://localhost:${images}/_studio/

Edit hugo-module/exampleSite/content, and the blog changes. Ctrl-C stops both.`);
    throw new Error(await Promise.race([server.ended, blog.ended, interruption(signal)]));
  } finally {
    await Promise.all(running.map((program) => program.stop()));
  }
}

// --- steps ---

async function startServer(images: number, signal: AbortSignal): Promise<Program> {
  const admin = await port("its admin port", 5001);
  console.log(`Serving the example site's photographs at http://localhost:${images}/`);
  const folders = ["--source", join(example, "photos"), "--cache", cache];
  return await startProgram(
    {
      name: "imgproxy-lite serve",
      file: process.execPath,
      args: [executable, "serve", ...folders, "--dev"],
      env: {
        PORT: String(images),
        ADMIN_PORT: String(admin),
        TOKEN: token,
        WARM_ENCODERS: String(availableParallelism()),
        WARM_TIMEOUT: "10m",
      },
    },
    /images are served/,
    signal,
  );
}

/** The lowest effort: bytes do not matter on one machine. */
const patient = [
  "--effort",
  "0",
  "--timeout",
  "10m",
  "--tune",
  "look",
  "--tune-budget",
  options["tune-budget"],
];

/** The scan's exit code if the server cannot make some picture: the others can be looked at. */
const FOUND_PROBLEMS = 1;

/** With the environment of `hugo server`, so that both use the same URLs. */
async function scan(images: number, signal: AbortSignal): Promise<void> {
  console.log("Finding every image of the example site, and making every size in advance:\n");
  const code = await runProgram(
    {
      name: "imgproxy-lite scan",
      file: process.execPath,
      args: [executable, "scan", "--site", site, "--environment", "development", ...patient],
      env: { ...siteEnv(images), TOKEN: token },
    },
    signal,
  );
  if (code === FOUND_PROBLEMS)
    console.log(
      "\nThe scan has found problems; see its messages above. The blog is shown without those pictures.",
    );
  else if (code !== 0) throw new Error("the scan of the example site failed; see its messages above");
}

async function startHugo(hugo: Hugo, pages: number, images: number, signal: AbortSignal): Promise<Program> {
  const address = ["--port", String(pages), "--bind", "127.0.0.1", "--baseURL", `http://localhost:${pages}/`];
  return await startProgram(
    {
      name: "hugo server",
      file: hugo.path,
      args: ["server", "--source", site, "--environment", "development", ...address],
      env: siteEnv(images),
    },
    /Web Server is available/,
    signal,
  );
}

function siteEnv(images: number): Readonly<Record<string, string>> {
  return {
    HUGO_PARAMS_IMGPROXY_ENDPOINT: `http://localhost:${images}/`,
    // This checkout, which the example's configuration names by a path from its own place.
    HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${root}`,
  };
}

async function port(what: string, wanted: number): Promise<number> {
  const { port, busy } = await freePort(wanted);
  if (busy) console.log(`Port ${wanted} is taken by another program; ${what} uses ${port}`);
  return port;
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// --- process ---

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => interrupted.abort(new Error("interrupted")));
}
try {
  await demo(interrupted.signal);
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(`The demo stopped: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
// A Hugo that is still being downloaded stays in place.
process.exit();
