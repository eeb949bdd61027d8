import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { formatResult, type Result } from "../../bench/tools/result.ts";
import { allPromises, firstPromises } from "../results.ts";

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

const measured = new Date("2026-11-24T12:00:00Z");

test("the overview has every promise of a measured claim, and where and when it was measured", async () => {
  const [table = "", machine] = allPromises(await folderOf(result))
    .trimEnd()
    .split("\n\n");
  expect(table.split("\n").slice(2)).toEqual([
    "| [Hits from memory](results/hits.md) | CPU ÷ bare node:http | ≤ 1.1 | 1.04 | yes |",
    "| [Hits from memory](results/hits.md) | requests/s ÷ nginx | ≥ 0.55 | 0.50 | **no** |",
  ]);
  expect(machine).toMatch(/^Measured 2026-11-24, \d+ cores? of .+, Node [\d.]+\.$/);
});

test("the README has the first promise of each claim, and the plot of hits", async () => {
  const [plot, table = ""] = firstPromises(await folderOf(result)).split("\n\n");
  expect(plot).toBe("![Hits from memory](bench/results/hits.svg)");
  expect(table.split("\n").slice(2)).toEqual([
    "| [Hits from memory](bench/results/hits.md) | CPU ÷ bare node:http | ≤ 1.1 | 1.04 | yes |",
  ]);
});

test("without measurements the overview says how to make them", () => {
  expect(allPromises("/nowhere")).toContain("npm run bench");
});

async function folderOf(result: Result): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "results-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "hits.md"), formatResult("hits", result, measured));
  await writeFile(join(folder, "hits.svg"), "<svg/>");
  return folder;
}
