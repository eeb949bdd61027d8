import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { formatResult, type Result } from "../../bench/tools/result/result.ts";
import { allPromises, chosenPromises, chosenTables } from "../pages/results.ts";

const result: Result = {
  title: "Hits from memory",
  about: "A sentence.",
  targets: [
    { claim: "30 KB: CPU, as shipped ÷ bare node:http", measured: 1.04, atMost: 1.1 },
    { claim: "requests/s ÷ nginx", measured: 0.5, atLeast: 0.55 },
  ],
  tables: [{ title: "30 KB", head: ["server", "CPU"], rows: [["nginx", 11]] }],
  plot: { kind: "bars", unit: "µs", bars: [] },
};

const measuredResults = fileURLToPath(new URL("../../bench/results/", import.meta.url));

const measured = new Date("2026-11-24T12:00:00Z");

test("the overview has every promise of a measured claim, and where and when it was measured", async () => {
  const [table = "", machine] = allPromises(await folderOf(result))
    .trimEnd()
    .split("\n\n");
  expect(table.split("\n").slice(2)).toEqual([
    "| [Hits from memory](results/hits.md) | 30 KB: CPU, as shipped ÷ bare node:http | ≤ 1.1 | 1.04 | yes |",
    "| [Hits from memory](results/hits.md) | requests/s ÷ nginx | ≥ 0.55 | 0.50 | **no** |",
  ]);
  expect(machine).toMatch(/^Measured 2026-11-24 on \d+ cores? of .+, Node [\d.]+\.$/);
});

test("the overview has eight numbers and one sentence that says when and where they were measured", () => {
  const [table = "", machine = "", ...more] = chosenPromises(measuredResults).trimEnd().split("\n\n");
  expect(table.split("\n").slice(2)).toHaveLength(8);
  expect(machine).toMatch(/^Measured 20\S+( to 20\S+)? on ((?!Measured).)+\.$/);
  expect(more).toEqual([]);
});

test("one of the eight numbers whose benchmark has no such row any more is an error that names both", async () => {
  const folder = await folderOf({ ...result, targets: result.targets.slice(1) });
  expect(() => chosenPromises(folder)).toThrow(
    'bench/results/hits.md has no row "30 KB: CPU, as shipped ÷ bare node:http"',
  );
});

test("results of several days on one machine are one sentence with the first and the last day", async () => {
  const folder = await folderOf(result);
  await writeFile(
    join(folder, "memory.md"),
    formatResult("memory", result, new Date("2026-11-30T12:00:00Z")),
  );
  expect(allPromises(folder)).toMatch(/\n\nMeasured 2026-11-24 to 2026-11-30 on .+\.\n$/);
});

test("a page's tables are shown with the day and the machine, and a table that it lacks is an error", async () => {
  const folder = await folderOf(result);
  const lines = chosenTables(folder, "hits", ["30 KB"]).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "**30 KB**",
    "",
    "| server | CPU |",
    "| --- | --: |",
    "| nginx | 11.0 |",
  ]);
  expect(lines.slice(5)).toEqual([
    "",
    expect.stringMatching(/^Measured 2026-11-24 .+ \[More\]\(bench\/results\/hits\.md\)\.$/),
    "",
  ]);
  expect(() => chosenTables(folder, "hits", ["300 KB"])).toThrow('hits.md has no table "300 KB"');
  expect(chosenTables(folder, "race", ["New images"])).toContain("npm run bench -- race");
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
