import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { alternate, type Contender } from "./tools/alternate.ts";
import type { Bench } from "./tools/bench.ts";
import { measureProgram } from "./tools/command.ts";
import { barsOf, leastOf, timesTable } from "./tools/cpu-table.ts";
import { builtProgram, projectRoot } from "./tools/paths.ts";
import type { Result } from "./tools/result.ts";
import { writeSite } from "./tools/site.ts";

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
  const wall = (name: string): number => leastOf(samples, name, "wallMs");
  return {
    title: "Scan",
    about: `A generated site of ${POSTS.toLocaleString("en")} posts, 10 MB, every second one with three images. \`scan --dry-run\` finds every image that Hugo would emit; unified with front matter and GFM parses every post whole; Hugo builds the same site without a hook, into memory. Each is a process from start to end.`,
    targets: [
      { claim: "wall ÷ hugo building the site", measured: wall(OURS) / wall(HUGO), atMost: 1 },
      {
        claim: "CPU of the full parse ÷ ours",
        measured: leastOf(samples, UNIFIED, "cpuMs") / leastOf(samples, OURS, "cpuMs"),
        atLeast: 2,
      },
    ],
    tables: [timesTable("", samples, HUGO)],
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

const POSTS = 2_000;
const OURS = "imgproxy-lite scan --dry-run";
const UNIFIED = "unified, full parse";
const HUGO = "hugo, same site";
