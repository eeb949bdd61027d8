import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

/** Global setup of `npm run test:chaos`: gathers the rows of the suites and prints them as one table. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "chaos-"));
  const table = join(folder, "table.md");
  writeFileSync(table, "");
  project.provide("chaosTable", table);
  return () => {
    const rows = readFileSync(table, "utf8").split("\n").filter(Boolean).sort();
    const machine = `${availableParallelism()} cores, Node ${process.version}`;
    console.log(
      [
        `\n${new Date().toISOString().slice(0, 10)}, ${machine}\n`,
        "| row | done | outcome |",
        "| --- | --- | --- |",
      ]
        .concat(rows)
        .join("\n"),
    );
    rmSync(folder, { recursive: true });
  };
}
