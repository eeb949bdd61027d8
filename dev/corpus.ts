import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatUrl } from "../contract/url.ts";
import { freePort } from "./ports.ts";
import { type Program, startProgram } from "./processes.ts";

const help = `usage: npm run test:corpus -- FOLDER [--at-once 4]

Asks a running server for every file of a folder as an image. Files that are damaged, hostile or no images at all must be
answered as such: the status is 200, 415 or 422, in time, and the server is still the same process at the end.`;

/** Milliseconds: the encoder's deadline, and half a second for the rest. */
const ENCODE_TIMEOUT = 10_000;
const DEADLINE = ENCODE_TIMEOUT + 500;

interface Answer {
  readonly key: string;
  readonly status: number;
  readonly ms: number;
}

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
  try {
    const keys = await filesOf(folder);
    const answers: Answer[] = [];
    const waiting = keys.values();
    const asker = async (): Promise<void> => {
      for (const key of waiting) answers.push(await ask(port, key));
    };
    await Promise.all(Array.from({ length: atOnce }, asker));
    const alive = await Promise.race([server.ended, Promise.resolve("alive")]);
    return tell(answers, alive);
  } finally {
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
        COLD_BUDGET: "1000000",
      },
    },
    /images are served/,
    new AbortController().signal,
  );
}

async function ask(port: number, key: string): Promise<Answer> {
  const url = formatUrl(`http://localhost:${port}/`, { key, quality: 50, width: 400 });
  const started = performance.now();
  const status = await fetch(url, { headers: { accept: "image/avif,image/webp" } })
    .then(async (response) => {
      await response.arrayBuffer();
      return response.status;
    })
    .catch(() => 0);
  return { key, status, ms: performance.now() - started };
}

async function filesOf(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)));
}

// --- the outcome ---

function tell(answers: readonly Answer[], alive: string): number {
  const statuses = countStatuses(answers);
  for (const [status, count] of [...statuses].sort()) console.log(`${status}  ${count}`);
  const slowest = Math.max(0, ...answers.map(({ ms }) => ms));
  console.log(`${answers.length} files, the slowest after ${Math.round(slowest)} ms; the server is ${alive}`);
  const wrong = answers.filter(({ status, ms }) => ![200, 415, 422].includes(status) || ms > DEADLINE);
  for (const { key, status, ms } of wrong)
    console.error(`${key}: status ${status} after ${Math.round(ms)} ms`);
  return wrong.length === 0 && alive === "alive" ? 0 : 1;
}

function countStatuses(answers: readonly Answer[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
