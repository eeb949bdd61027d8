import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const security = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8").replace(/\s+/g, " ");
const [, proofs = ""] = /## Proofs (.*?) ## /.exec(security) ?? [];

/** The names of the tests in SECURITY.md, by file. */
const named = [...proofs.matchAll(/`([\w/.-]+\.test\.ts)` ((?:"[^"]+"(?:, )?)+)/g)].flatMap(
  ([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => [file, title] as const),
);

test("SECURITY.md names tests for every kind of threat", () => {
  expect(named.length).toBeGreaterThan(25);
  expect(proofs.match(/"[^"]+"/g)).toHaveLength(named.length);
});

test.each(named)("%s has the test %j: if not, name the one that replaced it", (file, title) => {
  expect(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").includes(title)).toBe(true);
});
