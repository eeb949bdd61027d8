import path from "node:path";
import sharp from "sharp";
import type { Format } from "../contract/request.ts";
import { effortFor } from "../server/encode/effort.ts";
import { qualityFor } from "../server/encode/quality.ts";
import { startFirst } from "./peers/first.ts";
import { ipxPath, startIpx } from "./peers/ipx.ts";
import { fetchImage, pathOf, startOurs, versionOf } from "./peers/ours.ts";
import { alternate, type Contender, type Measured, type Samples } from "./tools/alternate.ts";
import { type Bench, ifThere } from "./tools/bench.ts";
import { leastOf, timesTable } from "./tools/cpu-table.ts";
import type { Started } from "./tools/processes.ts";
import type { Bar, Result, Table, Target } from "./tools/result.ts";

/** What a reader waits for when nobody has asked before: fetch, decode, resize, encode, answer. */
export async function misses(bench: Bench): Promise<Result> {
  const [key] = bench.keys;
  const ours = await startOurs(bench);
  const version = await versionOf(ours, key);
  const first = await ifThere(bench, "Flask and Pillow", () => startFirst(bench.folder, bench.photos));
  const ipx = await ifThere(bench, "ipx", () => startIpx(bench.folder, bench.photos, key));
  const targets: Target[] = [];
  const tables: Table[] = [];
  const bars: Bar[] = [];
  for (const [width, format] of cases) {
    const title = `${format}, ${width} px`;
    const contenders = contendersFor(bench, { key, width, format, version }, { ours, first, ipx });
    const samples = await alternate(contenders, Math.min(bench.rounds, 8), (round) =>
      bench.tell(`${title}, round ${round}`),
    );
    tables.push(timesTable(title, samples, SHARP));
    targets.push(...targetsOf(title, width, samples));
    for (const name of [SHARP, OURS])
      bars.push({ name: `${title}, ${name}`, value: leastOf(samples, name, "wallMs"), ours: name === OURS });
  }
  return {
    title: "Misses",
    about: `One photograph (${await sizeOf(path.join(bench.photos, key))}), one request at a time, each variant asked for once, four in a row a run. Bare sharp reads the file and encodes with the same settings in a process that is warm. ipx and Pillow encode at settings of their own: what a user gets from each. Figures are the least of all rounds; encoders run at low priority, so a busy machine delays them more than bare sharp.`,
    targets,
    tables,
    plot: { kind: "bars", unit: "ms", bars },
  };
}

// --- contenders ---

const SHARP = "bare sharp";
const OURS = "imgproxy-lite";
const cases: readonly (readonly [number, Format])[] = [
  [480, "jpg"],
  [800, "jpg"],
  [800, "webp"],
  [800, "avif"],
  [1600, "webp"],
];

interface Servers {
  readonly ours: Started;
  readonly first: Started | undefined;
  readonly ipx: Started | undefined;
}

interface Case {
  readonly key: string;
  readonly width: number;
  readonly format: Format;
  readonly version: string;
}

function contendersFor(bench: Bench, { key, width, format, version }: Case, servers: Servers): Contender[] {
  const { ours, first, ipx } = servers;
  // Each quality once: a miss is one only the first time.
  const [mine, others, direct] = [counter(), counter(), counter()];
  const add = (name: string, run: Contender["run"]): Contender => ({ name, run });
  const file = path.join(bench.photos, key);
  const contenders = [
    add(SHARP, () => bareSharp(() => encode(file, width, format, direct()))),
    add(OURS, () => timed(ours, () => pathOf({ key, width, format, version, quality: mine() }))),
  ];
  if (ipx !== undefined)
    contenders.push(add("ipx", () => timed(ipx, () => ipxPath({ key, width, format, quality: others() }))));
  if (first !== undefined && format === "jpg")
    contenders.push(
      add("Flask, Pillow, waitress", () => timed(first, () => pathOf({ key, width, quality: others() }))),
    );
  for (const { name, urlOf } of bench.peers)
    contenders.push(add(name, () => wallOf(urlOf({ key, width, format, quality: others() }))));
  return contenders;
}

function targetsOf(title: string, width: number, samples: ReadonlyMap<string, Samples>): Target[] {
  const [wall, bare] = [leastOf(samples, OURS, "wallMs"), leastOf(samples, SHARP, "wallMs")];
  const cpu = leastOf(samples, OURS, "cpuMs");
  if (width < 800)
    return [{ claim: `${title}: wall beyond bare sharp`, measured: wall - bare, atMost: 3, unit: " ms" }];
  return [
    { claim: `${title}: wall ÷ bare sharp`, measured: wall / bare, atMost: 1.05 },
    ...(width === 800 ? [{ claim: `${title}: CPU`, measured: cpu, atMost: 1000, unit: " ms" }] : []),
  ];
}

/** 31, 32, … */
function counter(): () => number {
  let last = 30;
  return () => {
    last += 1;
    return last;
  };
}

/** Several in a row: CPU time of other processes comes in steps of 10 ms. */
async function timed(server: Started, target: () => string): Promise<Measured> {
  const before = server.cpuMs();
  const walls: number[] = [];
  for (let times = 0; times < IN_A_ROW; times++) walls.push((await wallOf(server.url + target())).wallMs);
  return { wallMs: Math.min(...walls), cpuMs: (server.cpuMs() - before) / IN_A_ROW };
}

const IN_A_ROW = 4;

async function wallOf(url: string): Promise<{ readonly wallMs: number }> {
  const began = performance.now();
  await fetchImage(url);
  return { wallMs: performance.now() - began };
}

async function bareSharp(work: () => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const walls: number[] = [];
  for (let times = 0; times < IN_A_ROW; times++) {
    const began = performance.now();
    await work();
    walls.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: Math.min(...walls), cpuMs: (user + system) / 1000 / IN_A_ROW };
}

async function encode(file: string, width: number, format: Format, q: number): Promise<void> {
  const image = sharp(file, { autoOrient: true })
    .resize({ width, withoutEnlargement: true })
    .toColourspace("srgb");
  const effort = effortFor(format, "live", 0.5);
  if (format === "jpg") await image.jpeg({ quality: qualityFor("jpg", q), mozjpeg: true }).toBuffer();
  else if (format === "png") await image.png().toBuffer();
  else await image[format]({ quality: qualityFor(format, q), effort }).toBuffer();
}

async function sizeOf(file: string): Promise<string> {
  const { width = 0, height = 0 } = await sharp(file).metadata();
  return `${width} × ${height}, JPEG`;
}
