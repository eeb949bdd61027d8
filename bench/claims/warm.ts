import { createHash } from "node:crypto";
import path from "node:path";
import sharp from "sharp";
import { bareEncode, bareTier } from "../peers/bare-sharp.ts";
import { startEndless } from "../peers/endless.ts";
import { hugoImages } from "../peers/hugo-images.ts";
import { fetchImage, type Ours, pathOf, startOurs, versionOf } from "../peers/ours.ts";
import { type Bench, ifThere } from "../tools/bench.ts";
import { underLoad } from "../tools/load/http-run.ts";
import { alternate, type Measured, median, type Samples } from "../tools/measure/alternate.ts";
import { barsOf, leastOf, timesTable } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";

/** All variants of one photograph, as a publish makes them: in one call, or in separate calls. */
export async function warm(bench: Bench): Promise<Result> {
  const [key] = bench.keys;
  const ours = await startOurs({ ...bench, env: { TOKEN } });
  const version = await versionOf(ours, key);
  const file = path.join(bench.photos, key);
  const bodies = new Set<string>();
  const contenders = [
    { name: ONE, run: () => emptied(ours, key, () => warmCall(ours, key, version, variants), bodies) },
    {
      name: SEPARATE,
      run: () =>
        emptied(
          ours,
          key,
          async () => {
            for (const variant of variants) await warmCall(ours, key, version, [variant]);
          },
          bodies,
        ),
    },
    { name: SHARP, run: () => bareSharp(file) },
  ];
  const samples = await alternate(contenders, bench.rounds, (round) => bench.tell(`round ${round}`));
  const hugo = await againstHugo(bench, ours, { key, version, file });
  const readers = await readersMeanwhile(bench, ours, { key, version, file });
  const cpu = (name: string): number => leastOf(samples, name, "cpuMs");
  return {
    title: "Warm",
    about: `${variants.length} variants (${WIDTHS.join(", ")} px in AVIF, WebP and JPEG) of one photograph, the cache emptied before each run. One call fetches and decodes once and resizes once a width; separate calls do so for every variant, at the same efforts. The bare loop does in one process what one call does in a child. Throughput is by CPU, the least of all rounds.`,
    targets: [
      { claim: "throughput of one call ÷ separate calls", measured: cpu(SEPARATE) / cpu(ONE), atLeast: 1.25 },
      {
        claim: "CPU of one call ÷ the same loop in bare sharp",
        measured: cpu(ONE) / cpu(SHARP),
        atMost: 1.05,
      },
      { claim: "different sets of bodies", measured: bodies.size, atMost: 1 },
      { claim: "p99 of hits during a warm ÷ idle", measured: readers.busy / readers.idle, atMost: 1.5 },
    ],
    tables: [
      timesTable("One photograph", samples, SHARP),
      ...(hugo === undefined
        ? []
        : [timesTable(`WebP and JPEG alone, ${FEWER.length} variants`, hugo, HUGO)]),
      {
        title: "Readers meanwhile: hits from memory, 8 connections",
        head: ["", "p99 ms, median of runs"],
        rows: [
          ["idle", readers.idle],
          ["while a warm runs", readers.busy],
          ["while bare sharp encodes in a separate program, with spare CPU", readers.beside],
        ],
      },
    ],
    plot: { kind: "bars", unit: "ms of CPU", bars: barsOf(samples, "cpuMs") },
  };
}

// --- contenders ---

const TOKEN = "a-token-of-the-bench";
const ONE = "imgproxy-lite, one call";
const SEPARATE = "imgproxy-lite, separate calls";
const SHARP = "bare sharp loop";
const WIDTHS = [480, 800, 1200, 1600];
const FORMATS = ["avif", "webp", "jpg"] as const;
const Q = 55;
const variants = WIDTHS.flatMap((w) => FORMATS.map((fm) => ({ w, q: Q, fm })));
type Spec = { readonly w: number; readonly q: number; readonly fm: (typeof FORMATS)[number] };

async function call(ours: Ours, method: string, below: string, body?: object): Promise<string> {
  const answer = await fetch(`${ours.url}/api/${below}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok || text.includes('"failed"'))
    throw new Error(`${method} ${below}: ${answer.status} ${text.slice(0, 300)}`);
  return text;
}

function warmCall(ours: Ours, img: string, v: string, specs: readonly Spec[]): Promise<string> {
  return call(ours, "POST", "warm", { img, v, variants: specs });
}

/** Runs work on an empty cache, and records the variants that it made. */
async function emptied(
  ours: Ours,
  key: string,
  work: () => Promise<unknown>,
  bodies: Set<string>,
  wanted: readonly Spec[] = variants,
): Promise<Measured> {
  await call(ours, "DELETE", `purge?img=${encodeURIComponent(key)}`);
  const [before, began] = [ours.cpuMs(), performance.now()];
  await work();
  const measured = { cpuMs: ours.cpuMs() - before, wallMs: performance.now() - began };
  const digest = createHash("sha256");
  for (const { w, q, fm } of wanted)
    digest.update((await fetchImage(ours.url + pathOf({ key, width: w, quality: q, format: fm }))).body);
  bodies.add(digest.digest("hex"));
  return measured;
}

async function bareSharp(file: string): Promise<Measured> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  for (const width of WIDTHS) {
    const { data, info } = await bareTier(file, width).raw().toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const { height } = info;
    for (const format of FORMATS)
      await bareEncode(sharp(data, { raw }), { format, q: Q, lane: "warm", width: info.width, height });
  }
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - began, cpuMs: (user + system) / 1000 };
}

// --- Hugo ---

const HUGO = "Hugo's own image processing, a whole build";
const FEWER = variants.filter(({ fm }) => fm !== "avif");

/** The same for a site with its photographs in the repository, at the same sizes and nominal qualities. */
async function againstHugo(
  bench: Bench,
  ours: Ours,
  { key, version, file }: { readonly key: string; readonly version: string; readonly file: string },
): Promise<ReadonlyMap<string, Samples> | undefined> {
  const what = {
    hugo: bench.hugo,
    folder: bench.folder,
    photo: file,
    widths: WIDTHS,
    formats: ["webp", "jpg"],
    quality: Q,
  };
  const build = await ifThere(bench, "Hugo's image processing", () => hugoImages(what));
  if (build === undefined) return undefined;
  return alternate(
    [
      { name: HUGO, run: build },
      {
        name: ONE,
        run: () => emptied(ours, key, () => warmCall(ours, key, version, FEWER), new Set(), FEWER),
      },
    ],
    Math.min(6, bench.rounds),
    (round) => bench.tell(`Hugo, round ${round}`),
  );
}

// --- readers meanwhile ---

/** On two cores, readers and their client use both; `beside` is the cost for them of an encoder of another program. */
async function readersMeanwhile(
  bench: Bench,
  ours: Ours,
  { key, version, file }: { readonly key: string; readonly version: string; readonly file: string },
): Promise<{ readonly idle: number; readonly busy: number; readonly beside: number }> {
  const hit = pathOf({ key, width: 480, quality: Q, version });
  for (let times = 0; times < 3; times++) await fetchImage(ours.url + hit);
  const reader = underLoad(bench, "readers", ours, [hit], { connections: 8 });
  const p99 = async () => (await reader.run()).p99Ms ?? Number.NaN;
  const [idle, busy, beside]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 7; round++) {
    idle.push(await p99());
    const warming = warmCall(
      ours,
      key,
      version,
      variants.map((one) => ({ ...one, q: 60 + round })),
    );
    busy.push(await p99());
    await warming;
    const end = await startEndless(file);
    beside.push(await p99());
    end();
  }
  return { idle: median(idle), busy: median(busy), beside: median(beside) };
}
