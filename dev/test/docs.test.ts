import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { generatedFiles, withTables } from "../pages/tables.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test.each(generatedFiles)(
  "the tables of %s match the definitions; npm run docs writes them",
  async (file) => {
    const text = await readFile(path.join(root, file), "utf8");
    expect(withTables(file, text)).toBe(text);
  },
);

test("a table without a place in its file is an error", () => {
  expect(() => withTables("README.md", "# No tables")).toThrow("README.md has no <!-- parameters -->");
});

test("CONTRIBUTING.md has a reason for each dependency, and no other", async () => {
  const whole = await readFile(path.join(root, "CONTRIBUTING.md"), "utf8");
  const [, text = ""] = /^## Dependencies$(.*?)^## /ms.exec(whole) ?? [];
  const cells = [...text.matchAll(/^\| ([^|]+)\| [^|]+\|$/gm)].flatMap(([, cell = ""]) => cell.split(","));
  const named = cells.map((cell) => cell.trim()).filter((name) => !/^(package|-+)$/.test(name));
  const dependencies = [manifest.dependencies, manifest.devDependencies].flatMap((group) =>
    Object.keys(group),
  );
  expect(named.sort()).toEqual(dependencies.sort());
});

test("every relative link of a Markdown file leads to a file", async () => {
  const files = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const dead: string[] = [];
  // The example site's posts name photographs in a bucket on purpose.
  const prose = files.filter((name) => !name.includes("exampleSite/content/"));
  for (const file of prose) {
    const text = await readFile(path.join(root, file), "utf8");
    const linked = text.replace(/```[\s\S]*?```|`[^`]*`/g, "");
    for (const [, link = ""] of linked.matchAll(/\]\((?![a-z]+:)([^)#?\s]+)/g))
      if (!existsSync(path.join(root, path.dirname(file), decodeURI(link)))) dead.push(`${file}: ${link}`);
  }
  expect(dead).toEqual([]);
});
