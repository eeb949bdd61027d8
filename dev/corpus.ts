import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pMap from "p-map";
import { formatUrl } from "../contract/url/url.ts";
import { type Answer, ask } from "./corpus-answers.ts";
import { watchEncoders } from "./machine/children-memory.ts";
import { freePort } from "./machine/ports.ts";
import { type Program, startProgram } from "./machine/processes.ts";

const help = `usage: npm run test:corpus -- FOLDER [--at-once 4]

Asks a running server for every file of a folder as an image. Files that are damaged, hostile or no images at all must be
answered as such: the status is 200, 415 or 422, in time, with the type that the bytes have; the encoders stay within their
memory, and the server is still the same process at the end. A busy server is asked again.`;

/** Milliseconds: the encoder's deadline, and half a second for everything else. */
const ENCODE_TIMEOUT = 10_000;
const DEADLINE = ENCODE_TIMEOUT + 500;

/** Maximum bytes of all encoders together. */
const ENCODER_MEMORY = 2 ** 30;

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "at-once": { type: "string", default: "4" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [folder] = positionals;
if (values.help || folder === undefined) console.log(help);
else process.exitCode = await feed(resolve(folder), Number(values["at-once"]));

/** Returns the exit code. */
async function feed(folder: string, atOnce: number): Promise<number> {
  const cache = await mkdtemp(join(tmpdir(), "corpus-"));
  const { port } = await freePort();
  const server = await startServer(folder, cache, port);
  const memory = watchEncoders(server.pid);
  try {
    const keys = await filesOf(folder);
    const answers = await pMap(keys, (key) => ask(urlOf(port, key), key), { concurrency: atOnce });
    const alive = await Promise.race([server.ended, Promise.resolve("alive")]);
    return tell(answers, alive, memory.peak());
  } finally {
    memory.stop();
    await server.stop();
    await rm(cache, { recursive: true });
  }
}

// --- the server ---

async function startServer(folder: string, cache: string, port: number): Promise<Program> {
  return await startProgram(
    {
      name: "imgproxy-lite serve",
      file: process.execPath,
      args: [join(root, "bin/imgproxy-lite.js"), "serve", "--source", folder, "--cache", cache],
      env: {
        PORT: String(port),
        ADMIN_PORT: String((await freePort()).port),
        ENCODE_TIMEOUT: `${ENCODE_TIMEOUT}ms`,
        ENCODER_MEMORY: String(ENCODER_MEMORY),
        COLD_BUDGET: "1000000",
      },
    },
    /images are served/,
    new AbortController().signal,
  );
}

function urlOf(port: number, key: string): string {
  return formatUrl(`http://localhost:${port}/`, { key, quality: 50, width: 400 });
}

async function filesOf(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)));
}

// --- the outcome ---

function tell(answers: readonly Answer[], alive: string, peak: number): number {
  const statuses = countStatuses(answers);
  for (const [status, count] of [...statuses].sort()) console.log(`${status}  ${count}`);
  const slowest = Math.max(0, ...answers.map(({ ms }) => ms));
  console.log(`${answers.length} files, the slowest after ${Math.round(slowest)} ms; the server is ${alive}`);
  console.log(
    `all encoders together: ${Math.round(peak / 2 ** 20)} of ${ENCODER_MEMORY / 2 ** 20} MiB at most`,
  );
  const wrong = answers.filter(
    ({ status, ms, fault }) => ![200, 415, 422].includes(status) || ms > DEADLINE || fault !== undefined,
  );
  for (const { key, status, ms, fault } of wrong)
    console.error(
      `${key}: status ${status} after ${Math.round(ms)} ms${fault === undefined ? "" : `, ${fault}`}`,
    );
  return wrong.length === 0 && alive === "alive" && peak <= ENCODER_MEMORY ? 0 : 1;
}

function countStatuses(answers: readonly Answer[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
