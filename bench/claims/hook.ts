import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "../tools/bench.ts";
import { alternate } from "../tools/measure/alternate.ts";
import { measureProgram } from "../tools/measure/command.ts";
import { barsOf, leastOf, timesTable } from "../tools/result/cpu-table.ts";
import type { Result } from "../tools/result/result.ts";
import { type SiteOptions, writeSite } from "../tools/site/site.ts";

/** CPU time that the render hook adds to a build of 2,000 pages and 10,000 images, compared with Hugo's own hook. */
export async function hook(bench: Bench): Promise<Result> {
  const contenders = [];
  for (const [name, used] of hooks) {
    const site = await mkdtemp(path.join(bench.folder, "site-"));
    await writeSite(site, {
      posts: 2_000,
      images: 5,
      everySecond: false,
      hook: used,
      manifest: used === "ours" ? 10_000 : 0,
    });
    const args = ["--quiet", "--renderToMemory"];
    contenders.push({
      name,
      run: () =>
        measureProgram({ file: bench.hugo, args, cwd: site, log: path.join(bench.folder, "hugo.log") }),
    });
  }
  const samples = await alternate(contenders, Math.min(6, bench.rounds), (round) =>
    bench.tell(`round ${round}`),
  );
  const cpu = (name: string): number => leastOf(samples, name, "cpuMs");
  return {
    title: "The hook's cost in a build",
    about:
      "A generated site of 2,000 pages with five images each, built into memory. Our hook also reads a manifest of 10,000 photographs and prints tiers, sizes and placeholders; Hugo's own prints one `<img>`. The added CPU is that of the build with the hook less that of the same site without one.",
    targets: [
      {
        claim: "CPU that ours adds ÷ what Hugo's own adds",
        measured: (cpu(OURS) - cpu(NONE)) / (cpu(EMBEDDED) - cpu(NONE)),
        atMost: 1.5,
      },
    ],
    tables: [timesTable("", samples, NONE)],
    plot: { kind: "bars", unit: "ms of CPU", bars: barsOf(samples, "cpuMs") },
  };
}

const NONE = "no hook";
const EMBEDDED = "Hugo's own hook";
const OURS = "imgproxy-lite's hook";
const hooks: readonly (readonly [string, SiteOptions["hook"]])[] = [
  [NONE, "none"],
  [EMBEDDED, "embedded"],
  [OURS, "ours"],
];
