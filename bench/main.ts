import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { obtainHugo, obtainHugoVersions } from "../dev/hugo.ts";
import { compareVersions } from "../scan/site/hugo-version.ts";
import { disk } from "./claims/disk.ts";
import { encoderMemory } from "./claims/encoder-memory.ts";
import { gc } from "./claims/gc.ts";
import { growth } from "./claims/growth.ts";
import { hits } from "./claims/hits.ts";
import { hook } from "./claims/hook.ts";
import { ladders } from "./claims/ladders/ladders.ts";
import { looks } from "./claims/looks/looks.ts";
import { memory } from "./claims/memory.ts";
import { misses } from "./claims/misses.ts";
import { pool } from "./claims/pool.ts";
import { race } from "./claims/race/race.ts";
import { scan } from "./claims/scan.ts";
import { start } from "./claims/start.ts";
import { warm } from "./claims/warm.ts";
import { parseTemplate, withPids } from "./peers/template.ts";
import type { Claim } from "./tools/bench.ts";
import { debianPhotos } from "./tools/debian-photos.ts";
import { stopAll } from "./tools/measure/processes.ts";
import { projectRoot } from "./tools/paths.ts";
import { findPhotos } from "./tools/photos.ts";
import { drawPlot } from "./tools/result/plot.ts";
import { digits, formatResult, meets } from "./tools/result/result.ts";

const claims: Readonly<Record<string, Claim>> = {
  hits,
  disk,
  misses,
  pool,
  warm,
  scan,
  hook,
  gc,
  memory,
  "encoder-memory": encoderMemory,
  start,
  growth,
  race,
  looks,
  ladders,
};

const signals = ["SIGINT", "SIGTERM"] as const;
const needsHugo: ReadonlySet<string> = new Set(["scan", "hook", "warm", "looks"]);

const usage = `usage: npm run bench -- CLAIM… [--photos DIR] [--rounds N] [--seconds N] [--out DIR] [--hugo PATH] [--peer NAME=URL] [--peer-pid NAME=PID]

  CLAIM      ${Object.keys(claims).join(" | ")}
  --photos   a folder of JPEGs to work on (default: the example site's; for looks and ladders, those of Debian
             packages)
  --rounds   alternating runs of each contender (default 20)
  --seconds  length of one run under load (default 1)
  --out      where <claim>.md and <claim>.svg go (default bench/results)
  --hugo     the hugo of scan, hook, warm and looks, 0.148 or newer (default: the one on PATH, or the newest that is obtained)
  --peer     another image server on this machine, by URL template with {key} {w} {q} {fm}; may be repeated
  --peer-pid the process of such a server, for its CPU time and memory with those of its children; may be repeated
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photos: { type: "string" },
    rounds: { type: "string", default: "20" },
    seconds: { type: "string", default: "1" },
    out: { type: "string", default: path.join(projectRoot, "bench/results") },
    hugo: { type: "string" },
    peer: { type: "string", multiple: true, default: [] },
    "peer-pid": { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h" },
  },
});

if (values.help === true || positionals.length === 0) process.stdout.write(usage);
else process.exitCode = await runAll(positionals);

async function runAll(names: readonly string[]): Promise<number> {
  for (const option of ["rounds", "seconds"] as const) {
    // wrk takes no parts of a second, and would say so after a race's first ten minutes.
    if (/^[1-9]\d{0,5}$/.test(values[option])) continue;
    process.stderr.write(`--${option} takes a whole number from 1\n\n${usage}`);
    return 2;
  }
  for (const name of names) {
    const claim = claims[name];
    if (claim === undefined) {
      process.stderr.write(`there is no claim "${name}"\n\n${usage}`);
      return 2;
    }
    await runClaim(name, claim);
  }
  return 0;
}

async function runClaim(name: string, claim: Claim): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), `imgproxy-lite-bench-${name}-`));
  const interrupted = () => void cleanUp(folder).then(() => process.exit(130));
  for (const signal of signals) process.once(signal, interrupted);
  try {
    const photos = path.resolve(values.photos ?? (await usualPhotos(name)));
    const result = await claim({
      photos,
      keys: await findPhotos(photos),
      ownPhotos: values.photos !== undefined,
      folder,
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      hugo: values.hugo ?? (needsHugo.has(name) ? await newestHugo() : "hugo"),
      peers: withPids(values.peer.map(parseTemplate), values["peer-pid"]),
      tell: (text) => process.stderr.write(`${name}: ${text}\n`),
    });
    const text = formatResult(name, result, new Date());
    await mkdir(values.out, { recursive: true });
    await writeFile(path.join(values.out, `${name}.md`), text);
    await writeFile(path.join(values.out, `${name}.svg`), drawPlot(result.title, result.plot));
    process.stdout.write(`${text}\n`);
    for (const target of result.targets.filter((one) => !meets(one)))
      process.stderr.write(`${name}: not kept: ${target.claim} (${digits(target.measured)})\n`);
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    await cleanUp(folder);
  }
}

/** Four are too few to judge pictures on. */
async function usualPhotos(name: string): Promise<string> {
  return name === "looks" || name === "ladders"
    ? await debianPhotos()
    : path.join(projectRoot, "hugo-module/exampleSite/photos");
}

/** The newest of those that are here or can be obtained; a claim that can run without it says so itself. */
async function newestHugo(): Promise<string> {
  const all = [...(await obtainHugoVersions()), await obtainHugo().catch(() => undefined)];
  const known = all.filter((one) => one !== undefined);
  return known.sort((a, b) => compareVersions(a.version, b.version)).at(-1)?.path ?? "hugo";
}

async function cleanUp(folder: string): Promise<void> {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
}
