import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatResult, type Result } from "../../bench/tools/result.ts";
import { benchmarkOverview } from "../results.ts";

const result: Result = {
  title: "Hits from memory",
  about: "A sentence.",
  targets: [
    { claim: "CPU ÷ bare node:http", measured: 1.04, atMost: 1.1 },
    { claim: "requests/s ÷ nginx", measured: 0.5, atLeast: 0.55 },
  ],
  tables: [{ title: "30 KB", head: ["server", "CPU"], rows: [["nginx", 11]] }],
  plot: { kind: "bars", unit: "µs", bars: [] },
};

test("the overview has the promises of each measured claim, its plot, and where and when it was measured", async () => {
  const folder = await mkdtemp(join(tmpdir(), "results-"));
  await writeFile(join(folder, "hits.md"), formatResult("hits", result, new Date("2026-11-24T12:00:00Z")));
  await writeFile(join(folder, "hits.svg"), "<svg/>");
  const [plot, table = "", machine] = benchmarkOverview(folder).trimEnd().split("\n\n");
  expect(plot).toBe("![Hits from memory](bench/results/hits.svg)");
  expect(table.split("\n").slice(2)).toEqual([
    "| [Hits from memory](bench/results/hits.md) | CPU ÷ bare node:http | ≤ 1.1 | 1.04 | yes |",
    "| [Hits from memory](bench/results/hits.md) | requests/s ÷ nginx | ≥ 0.55 | 0.50 | **no** |",
  ]);
  expect(machine).toMatch(/^Measured 2026-11-24, \d+ cores? of .+, Node [\d.]+\.$/);
  await rm(folder, { recursive: true });
});

test("without measurements the overview says how to make them", () => {
  expect(benchmarkOverview("/nowhere")).toContain("npm run bench");
});
