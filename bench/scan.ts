import { mkdtemp, readFile } from "node:fs/promises";
import path from "node:path";
import { type Ours, startOurs } from "./peers/ours.ts";
import { alternate, type Contender, type Measured, type Samples } from "./tools/alternate.ts";
import type { Bench } from "./tools/bench.ts";
import { measureProgram } from "./tools/command.ts";
import { barsOf, leastOf, timesTable } from "./tools/cpu-table.ts";
import { builtProgram, projectRoot } from "./tools/paths.ts";
import type { Result } from "./tools/result.ts";
import { photoKeys, writeSite } from "./tools/site.ts";
import { fillWarm, tinyTiers, writeTinyPhotos } from "./tools/warm-cache.ts";

/** A site of 2,000 posts: what the scan spends before the first request, against Hugo and against a full parse. */
export async function scan(bench: Bench): Promise<Result> {
  const plain = await mkdtemp(path.join(bench.folder, "plain-"));
  const site = await mkdtemp(path.join(bench.folder, "site-"));
  const shape = { posts: POSTS, images: 3, everySecond: true, manifest: 0 };
  await writeSite(plain, { ...shape, hook: "none" });
  await writeSite(site, { ...shape, hook: "ours" });
  const contenders = [
    scanOf(bench, site),
    {
      name: UNIFIED,
      run: () =>
        measureProgram({
          file: process.execPath,
          args: [builtProgram("peers", "unified"), path.join(site, "content")],
          log: path.join(bench.folder, "unified.log"),
        }),
    },
    {
      name: HUGO,
      run: () =>
        measureProgram({
          file: bench.hugo,
          args: ["--quiet", "--renderToMemory"],
          cwd: plain,
          log: path.join(bench.folder, "hugo.log"),
        }),
    },
  ];
  const samples = await alternate(contenders, Math.min(6, bench.rounds), (round) =>
    bench.tell(`round ${round}`),
  );
  const again = await rescan(bench);
  const large = await largeSite(bench);
  const ratio = (of: Runs, one: string, other: string, what: string): number =>
    leastOf(of, one, what) / leastOf(of, other, what);
  return {
    title: "Scan",
    about: `A generated site of ${POSTS.toLocaleString("en")} posts, 10 MB, every second one with three images. \`scan --dry-run\` finds every image that Hugo would emit; unified with front matter and GFM parses every post whole; Hugo builds the same site without a hook, into memory. Each is a process from start to end. Then the same site with photographs on a real server that has all of their 27,000 variants: a scan of what has not changed, against the dry run in the same state; no image is encoded or fetched. Last ${LARGE_POSTS.toLocaleString("en")} posts with 90,000 variants, of which the server lacks one in a hundred.`,
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
        claim: `peak memory of the scan that warms ${LARGE_POSTS.toLocaleString("en")} posts`,
        measured: (large.peakBytes ?? Number.NaN) / 2 ** 20,
        atMost: 300,
        unit: " MiB",
      },
    ],
    tables: [timesTable("", samples, HUGO), timesTable("Nothing has changed", again.samples, OURS)],
    plot: { kind: "bars", unit: "ms of CPU", bars: barsOf(samples, "cpuMs") },
  };
}

/** A scan of a site that asks for nothing. */
export function scanOf(bench: Bench, site: string): Contender {
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  const args = [bin, "scan", "--dry-run", "--site", site, "--json"];
  // Without a proxy the photographs are not known, which is a finding and no failure.
  const program = { file: process.execPath, args, log: path.join(bench.folder, "scan.log"), done: [0, 1] };
  return { name: OURS, run: () => measureProgram(program) };
}

type Runs = ReadonlyMap<string, Samples>;

// --- against a server ---

interface Warmed {
  readonly site: string;
  readonly server: Ours;
}

/** A site with tiny photographs, and a server that has their variants. */
async function warmedSite(
  bench: Bench,
  posts: number,
  images: number,
  there: (key: string) => boolean,
): Promise<Warmed> {
  const shape = { posts, images, everySecond: true, manifest: 0, hook: "ours", params: TIERS } as const;
  const folder = (name: string) => mkdtemp(path.join(bench.folder, `${name}-`));
  const [site, photos, cache] = [await folder("site"), await folder("photos"), await folder("cache")];
  const keys = photoKeys(shape);
  bench.tell(`filling a cache for ${keys.length} photographs`);
  await writeSite(site, shape);
  await writeTinyPhotos(photos, keys);
  await fillWarm(cache, photos, keys.filter(there));
  const server = await startOurs({ folder: bench.folder, photos, cache, env: { TOKEN, GC_INTERVAL: "0" } });
  return { site, server };
}

async function rescan(bench: Bench): Promise<{ readonly samples: Runs; readonly work: number }> {
  const { site, server } = await warmedSite(bench, POSTS, 3, () => true);
  const [dry, again] = [scanOf(bench, site), realScan(bench, site, server, 0)];
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
  const { site, server } = await warmedSite(bench, LARGE_POSTS, 1, () => ++photo % 100 !== 0);
  bench.tell(`scanning ${LARGE_POSTS} posts`);
  const measured = await realScan(bench, site, server, 900).run();
  await server.stop();
  return measured;
}

/**
 * A scan with a token; `serverCpuMs` is what it cost the server.
 * @param missing variants that it has to make.
 */
function realScan(bench: Bench, site: string, server: Ours, missing: number): Contender {
  const bin = path.join(projectRoot, "bin", "imgproxy-lite.js");
  const args = [bin, "scan", "--site", site, "--endpoint", server.url, "--token", TOKEN, "--json"];
  const program = { file: process.execPath, args, log: path.join(bench.folder, "again.log") };
  return {
    name: AGAIN,
    async run() {
      const before = server.cpuMs();
      const measured = await measureProgram(program);
      const { summary } = JSON.parse(await readFile(program.log, "utf8"));
      if (summary.made !== missing) throw new Error(`the scan made ${summary.made} variants, not ${missing}`);
      return { ...measured, serverCpuMs: server.cpuMs() - before };
    },
  };
}

/** Encodes and bytes of originals since the server started. */
async function workOf(server: Ours): Promise<number> {
  const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => /^imgproxy_lite_(?:encode_duration_seconds_count|source_bytes_total)\b/.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

const TOKEN = "a-token-for-the-bench-alone";
const TIERS = `  tiers = [${tinyTiers.widths.map((width) => `{width = ${width}, quality = ${tinyTiers.quality}}`).join(", ")}]\n`;

const POSTS = 2_000;
const LARGE_POSTS = 20_000;
const OURS = "imgproxy-lite scan --dry-run";
const AGAIN = "imgproxy-lite scan";
const UNIFIED = "unified, full parse";
const HUGO = "hugo, same site";
