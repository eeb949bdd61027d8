import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import type { Ours } from "../peers/ours.ts";
import type { Bench } from "../tools/bench.ts";
import { alternate, type Contender, type Measured, type Samples } from "../tools/measure/alternate.ts";
import { measureProgram } from "../tools/measure/command.ts";
import { builtProgram, projectRoot } from "../tools/paths.ts";
import { barsOf, leastOf, timesTable } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";
import { writeSite } from "../tools/site/site.ts";
import { realScan, VARIANTS, warmedSite } from "../tools/site/warmed-site.ts";

/** A site of 2,000 posts: the cost of a scan before its first request, compared with Hugo and with a full parse. */
export async function scan(bench: Bench): Promise<Result> {
  const samples = await parses(bench, false);
  const nested = await parses(bench, true);
  const again = await rescan(bench);
  const large = await largeSite(bench);
  const ratio = (of: Runs, one: string, other: string, what: string): number =>
    leastOf(of, one, what) / leastOf(of, other, what);
  return {
    title: "Scan",
    about: `A generated site of ${POSTS.toLocaleString("en")} posts, 10 MB, every second one with three images. \`scan --dry-run\` finds every image that Hugo would emit; unified with front matter and GFM parses every post whole; Hugo builds the same site without a hook, into memory. Each is a process from start to end. Then the same site with photographs on a real server that has all of their 27,000 variants: a scan of what has not changed, against the dry run in the same state; no image is encoded or fetched. Then ${LARGE_POSTS.toLocaleString("en")} posts with ${(LARGE_PHOTOS * VARIANTS).toLocaleString("en")} variants, of which a real server lacks one in a hundred: most memory that the scan held (VmHWM). Last a site of the same size whose images stand in lists with code: the parser has to read each such list.`,
    targets: [
      { claim: "wall ÷ hugo building the site", measured: ratio(samples, OURS, HUGO, "wallMs"), atMost: 1 },
      {
        claim: "CPU of the full parse ÷ ours",
        measured: ratio(samples, UNIFIED, OURS, "cpuMs"),
        atLeast: 2,
      },
      {
        claim: "CPU of a scan of an unchanged site ÷ dry run",
        measured: ratio(again.samples, AGAIN, OURS, "cpuMs"),
        atMost: 1.5,
      },
      {
        claim: "encodes and originals fetched for an unchanged site",
        measured: again.work,
        atMost: 0,
      },
      {
        claim: `peak memory of a scan of ${LARGE_POSTS.toLocaleString("en")} posts and ${(LARGE_PHOTOS * VARIANTS).toLocaleString("en")} variants, 99 % of them warm`,
        measured: (large.peakBytes ?? Number.NaN) / 2 ** 20,
        atMost: 300,
        unit: " MiB",
      },
    ],
    tables: [
      timesTable("", samples, HUGO),
      timesTable("Nothing has changed", again.samples, OURS),
      timesTable("Images in lists with code", nested, HUGO),
    ],
    plot: { kind: "bars", unit: "ms of CPU", bars: barsOf(samples, "cpuMs") },
  };
}

/** A scan of a site that sends no requests. */
export function scanOf(bench: Bench, site: string): Contender {
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  const args = [bin, "scan", "--dry-run", "--site", site, "--json"];
  // Without a proxy the photographs are unknown, which is a finding, not a failure.
  const program = { file: process.execPath, args, log: path.join(bench.folder, "scan.log"), done: [0, 1] };
  return { name: OURS, run: () => measureProgram(program) };
}

type Runs = ReadonlyMap<string, Samples>;

// --- runs ---

/** The scan, a full parse and Hugo on the same site. */
async function parses(bench: Bench, nested: boolean): Promise<Runs> {
  const plain = await mkdtemp(path.join(bench.folder, "plain-"));
  const site = await mkdtemp(path.join(bench.folder, "site-"));
  const shape = { posts: POSTS, images: 3, everySecond: true, manifest: 0, nested };
  await writeSite(plain, { ...shape, hook: "none" });
  await writeSite(site, { ...shape, hook: "ours" });
  const unified = {
    file: process.execPath,
    args: [builtProgram("peers", "programs", "unified"), path.join(site, "content")],
    log: path.join(bench.folder, "unified.log"),
  };
  const hugo = {
    file: bench.hugo,
    args: ["--quiet", "--renderToMemory"],
    cwd: plain,
    log: path.join(bench.folder, "hugo.log"),
  };
  const contenders = [
    scanOf(bench, site),
    { name: UNIFIED, run: () => measureProgram(unified) },
    { name: HUGO, run: () => measureProgram(hugo) },
  ];
  return alternate(contenders, Math.min(6, bench.rounds), (round) =>
    bench.tell(`${nested ? "nested, " : ""}round ${round}`),
  );
}

async function rescan(bench: Bench): Promise<{ readonly samples: Runs; readonly work: number }> {
  const warmed = await warmedSite(bench, { posts: POSTS, images: 3, everySecond: true }, () => true);
  const { site, server } = warmed;
  const [dry, again] = [scanOf(bench, site), realScan(bench, warmed, 0)];
  await again.run();
  const before = await workOf(server);
  const samples = await alternate([dry, again], Math.min(6, bench.rounds), (round) =>
    bench.tell(`again ${round}`),
  );
  const work = (await workOf(server)) - before;
  await server.stop();
  return { samples, work };
}

async function largeSite(bench: Bench): Promise<Measured> {
  let photo = 0;
  const shape = { posts: LARGE_POSTS, images: 1, everySecond: false, illustrated: LARGE_PHOTOS };
  const warmed = await warmedSite(bench, shape, () => ++photo % 100 !== 0);
  bench.tell(`scanning ${LARGE_POSTS} posts`);
  const measured = await realScan(bench, warmed, Math.floor(LARGE_PHOTOS / 100) * VARIANTS).run();
  await warmed.server.stop();
  return measured;
}

/** Encodes, and bytes of originals, since the server started. */
async function workOf(server: Ours): Promise<number> {
  const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => /^imgproxy_lite_(?:encode_duration_seconds_count|source_bytes_total)\b/.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

const POSTS = 2_000;
const LARGE_POSTS = 20_000;
/** The smallest number of posts with 100,000 variants. */
const LARGE_PHOTOS = Math.ceil(100_000 / VARIANTS);
const OURS = "imgproxy-lite scan --dry-run";
const AGAIN = "imgproxy-lite scan";
const UNIFIED = "unified, full parse";
const HUGO = "hugo, same site";
