import path from "node:path";
import sharp from "sharp";
import type { Format } from "../../contract/formats.ts";
import { bareEncode, bareTier } from "../peers/bare-sharp.ts";
import { startBucket } from "../peers/bucket.ts";
import { startFirst } from "../peers/first.ts";
import { ipxPath, startIpx } from "../peers/ipx.ts";
import { type Ours, pathOf, startOurs, versionOf } from "../peers/ours.ts";
import { type Bench, ifThere } from "../tools/bench.ts";
import { bodyOf, wallOf } from "../tools/load/get.ts";
import { alternate, type Contender, type Measured, type Samples } from "../tools/measure/alternate.ts";
import type { Started } from "../tools/measure/processes.ts";
import { leastOf, timesTable } from "../tools/result/cpu-table.ts";
import type { Bar, Result, Table, Target } from "../tools/result/result.ts";

/** The time of the first request for a variant: fetch, decode, resize, encode, respond. */
export async function misses(bench: Bench): Promise<Result> {
  const [key] = bench.keys;
  const photo = path.join(bench.photos, key);
  const bucket = await startBucket(bench.folder, photo);
  const ours = await startOurs({ ...bench, photos: `${bucket.url}/`, env: { TOKEN } });
  const version = await versionOf(ours, key);
  const first = await ifThere(bench, "Flask and Pillow", () => startFirst(bench.folder, bench.photos));
  const ipx = await ifThere(bench, "ipx", () => startIpx(bench.folder, bench.photos, key));
  const targets: Target[] = [];
  const tables: Table[] = [];
  const bars: Bar[] = [];
  for (const [width, format] of cases) {
    const title = `${format}, ${width} px`;
    const contenders = contendersFor(bench, { key, width, format, version }, { bucket, ours, first, ipx });
    const samples = await alternate(contenders, bench.rounds, (round) =>
      bench.tell(`${title}, round ${round}`),
    );
    tables.push(timesTable(title, samples, SHARP));
    targets.push(...targetsOf(title, width, samples));
    for (const name of [SHARP, OURS])
      bars.push({ name: `${title}, ${name}`, value: leastOf(samples, name, "wallMs"), ours: name === OURS });
  }
  return {
    title: "Misses",
    about: `One photograph (${await sizeOf(photo)}) in a bucket (node:http, which has it in memory), one request at a time, four qualities in a row a run, the cache emptied before. Bare sharp is the fetch and the encode with the settings of the server's own encoders, in a warm process, without HTTP. ipx and Pillow have the photograph on disk, and encode with their own settings, as their users get them. Numbers are the minimum of all rounds; encoders run at low priority, so a busy machine delays them more than bare sharp.`,
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
  readonly bucket: Started;
  readonly ours: Ours;
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
  const { bucket, ours, first, ipx } = servers;
  const add = (name: string, run: Contender["run"]): Contender => ({ name, run });
  const contenders = [
    add(SHARP, () => bareSharp(async (q) => encode(await bodyOf(bucket.url), width, format, q))),
    add(OURS, async () => {
      await purge(ours, key);
      return timed(ours, (quality) => pathOf({ key, width, format, version, quality }));
    }),
  ];
  // The caches of the others cannot be emptied: each request to them is for a new variant.
  if (ipx !== undefined) {
    const next = unasked(width);
    contenders.push(add("ipx", () => timed(ipx, () => ipxPath({ key, format, ...next() }))));
  }
  if (first !== undefined && format === "jpg") {
    const next = unasked(width);
    contenders.push(add("Flask, Pillow, waitress", () => timed(first, () => pathOf({ key, ...next() }))));
  }
  for (const { name, urlOf } of bench.peers) {
    const next = unasked(width);
    contenders.push(add(name, async () => ({ wallMs: await wallOf(urlOf({ key, format, ...next() })) })));
  }
  return contenders;
}

function targetsOf(title: string, width: number, samples: ReadonlyMap<string, Samples>): Target[] {
  const [wall, bare] = [leastOf(samples, OURS, "wallMs"), leastOf(samples, SHARP, "wallMs")];
  const cpu = leastOf(samples, OURS, "cpuMs");
  if (width < 800)
    return [{ claim: `${title}: wall beyond bare sharp`, measured: wall - bare, atMost: 5, unit: " ms" }];
  return [
    { claim: `${title}: wall ÷ bare sharp`, measured: wall / bare, atMost: 1.06 },
    ...(width === 800 ? [{ claim: `${title}: CPU`, measured: cpu, atMost: 1000, unit: " ms" }] : []),
  ];
}

/** The qualities 21, 22, … 100, then again of an image one pixel narrower. */
function unasked(width: number): () => { readonly width: number; readonly quality: number } {
  let count = -1;
  return () => {
    count += 1;
    return { width: width - Math.floor(count / 80), quality: 21 + (count % 80) };
  };
}

async function purge(ours: Ours, key: string): Promise<void> {
  const answer = await fetch(`${ours.url}/api/purge?img=${encodeURIComponent(key)}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`purge: HTTP ${answer.status}`);
}

/** Several in a row, because CPU time of other processes comes in steps of 10 ms. */
async function timed(server: Started, target: (q: number) => string): Promise<Measured> {
  const before = server.cpuMs();
  const walls: number[] = [];
  for (const q of IN_A_ROW) walls.push(await wallOf(server.url + target(q)));
  return { wallMs: Math.min(...walls), cpuMs: (server.cpuMs() - before) / IN_A_ROW.length };
}

/** One below and one above the quality from which WebP's colour is averaged better, which takes time. */
const IN_A_ROW = [50, 60, 68, 75];
const TOKEN = "a-token-of-the-bench";

async function bareSharp(work: (q: number) => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const walls: number[] = [];
  for (const q of IN_A_ROW) {
    const began = performance.now();
    await work(q);
    walls.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: Math.min(...walls), cpuMs: (user + system) / 1000 / IN_A_ROW.length };
}

async function encode(original: Uint8Array, width: number, format: Format, q: number): Promise<void> {
  await bareEncode(bareTier(original, width), { format, q, lane: "live", width });
}

async function sizeOf(file: string): Promise<string> {
  const { width = 0, height = 0 } = await sharp(file).metadata();
  return `${width} × ${height}, JPEG`;
}
