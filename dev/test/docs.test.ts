import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { generatedFile, withTables } from "../tables.ts";

test("the README's tables say what the programs' definitions say; npm run docs writes them", async () => {
  const text = await readFile(new URL(`../../${generatedFile}`, import.meta.url), "utf8");
  expect(withTables(text)).toBe(text);
});

test("a table without a place in the README is an error", () => {
  expect(() => withTables("# No tables")).toThrow("has no <!-- parameters -->");
});
