import path from "node:path";
import sharp from "sharp";
import type { Format } from "../contract/request.ts";
import { effortFor } from "../server/encode/effort.ts";
import { qualityFor } from "../server/encode/quality.ts";
import { startFirst } from "./peers/first.ts";
import { ipxPath, startIpx } from "./peers/ipx.ts";
import { fetchImage, pathOf, startOurs, versionOf } from "./peers/ours.ts";
import { alternate, type Contender, type Measured } from "./tools/alternate.ts";
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
    // Each quality once: a miss is one only the first time.
    const [mine, others, direct] = [counter(), counter(), counter()];
    const contenders: Contender[] = [
      { name: SHARP, run: () => bareSharp(path.join(bench.photos, key), width, format, direct()) },
      {
        name: OURS,
        run: () => timed(ours, pathOf({ key, width, format, version, quality: mine() })),
      },
      ...(ipx === undefined
        ? []
        : [{ name: "ipx", run: () => timed(ipx, ipxPath({ key, width, format, quality: 50 })) }]),
      ...(first === undefined || format !== "jpg"
        ? []
        : [
            {
              name: "Flask, Pillow, waitress",
              run: () => timed(first, pathOf({ key, width, quality: others() })),
            },
          ]),
      ...bench.peers.map(({ name, urlOf }) => ({
        name,
        run: () => wallOf(urlOf({ key, width, format, quality: others() })),
      })),
    ];
    const samples = await alternate(contenders, Math.min(bench.rounds, 8), (round) =>
      bench.tell(`${format} at ${width}, round ${round}`),
    );
    const title = `${format}, ${width} px`;
    tables.push(timesTable(title, samples, SHARP));
    const [wall, bare] = [leastOf(samples, OURS, "wallMs"), leastOf(samples, SHARP, "wallMs")];
    targets.push(
      width >= 800
        ? { claim: `${title}: wall ÷ bare sharp`, measured: wall / bare, atMost: 1.05 }
        : { claim: `${title}: wall beyond bare sharp`, measured: wall - bare, atMost: 3, unit: " ms" },
    );
    if (width === 800)
      targets.push({
        claim: `${title}: CPU`,
        measured: leastOf(samples, OURS, "cpuMs"),
        atMost: 1000,
        unit: " ms",
      });
    for (const name of [SHARP, OURS])
      bars.push({ name: `${title}, ${name}`, value: leastOf(samples, name, "wallMs"), ours: name === OURS });
  }
  return {
    title: "Misses",
    about: `One photograph (${await sizeOf(path.join(bench.photos, key))}), one request at a time, each variant asked for once. Bare sharp reads the file and encodes with the same settings in a process that is warm. ipx and Pillow encode at settings of their own: what a user gets from each. Figures are the least of all rounds; encoders run at low priority, so a busy machine delays them more than bare sharp.`,
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

/** 31, 32, … */
function counter(): () => number {
  let last = 30;
  return () => {
    last += 1;
    return last;
  };
}

async function timed(server: Started, target: string): Promise<Measured> {
  const before = server.cpuMs();
  const measured = await wallOf(server.url + target);
  return { ...measured, cpuMs: server.cpuMs() - before };
}

async function wallOf(url: string): Promise<Measured> {
  const began = performance.now();
  await fetchImage(url);
  return { wallMs: performance.now() - began };
}

async function bareSharp(file: string, width: number, format: Format, q: number): Promise<Measured> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const image = sharp(file, { autoOrient: true })
    .resize({ width, withoutEnlargement: true })
    .toColourspace("srgb");
  const effort = effortFor(format, "live", 0.5);
  if (format === "jpg") await image.jpeg({ quality: qualityFor("jpg", q), mozjpeg: true }).toBuffer();
  else if (format === "png") await image.png().toBuffer();
  else await image[format]({ quality: qualityFor(format, q), effort }).toBuffer();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - began, cpuMs: (user + system) / 1000 };
}

async function sizeOf(file: string): Promise<string> {
  const { width = 0, height = 0 } = await sharp(file).metadata();
  return `${width} × ${height}, JPEG`;
}
