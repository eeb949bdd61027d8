import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { defaultParams } from "../../contract/page/params.ts";
import { namedLadders } from "../../contract/page/tiers.ts";
import { moduleRoot } from "./hugo-site.ts";

const readme = await readFile(path.join(moduleRoot, "hugo-module", "README.md"), "utf8");

test("the manual has every parameter with its default, and no other", () => {
  const section = sectionOf("## Parameters", "\n### ");
  const rows = [...section.matchAll(/^\| `([a-z]+)` \| `([^`]+)` \|/gm)];
  const written = Object.fromEntries(rows.map(([, name = "", value = ""]) => [name, value]));
  const expected = Object.entries(defaultParams).map(([name, value]) => [name, toToml(value)]);
  expect(written).toEqual(Object.fromEntries(expected));
});

test("the manual shows every parameter beside its default", () => {
  const shown = [...readme.matchAll(/^\*\*`([a-z]+)`\*\*, `([^`]+)`/gm)];
  const expected = Object.entries(defaultParams).map(([name, value]) => [name, toToml(value)]);
  expect(shown.map(([, name, value]) => [name, value])).toEqual(expected);
});

test("the manual has the ladders with their qualities", () => {
  const section = sectionOf("### Tiers", "\n## ");
  const widths = [...(/^\| \|(.*)\|$/m.exec(section)?.[1] ?? "").matchAll(/\d+/g)].map(Number);
  for (const [name, ladder] of Object.entries(namedLadders)) {
    const cells = new RegExp(`^\\| \`${name}\` \\|(.*)\\|$`, "m").exec(section)?.[1]?.split("|") ?? [];
    const tiers = widths.flatMap((width, at) => {
      const quality = Number(cells[at]?.trim());
      return quality > 0 ? [{ width, quality }] : [];
    });
    expect([name, tiers]).toEqual([name, ladder]);
  }
});

function sectionOf(title: string, end: string): string {
  const [, text = ""] = readme.split(`\n${title}\n`);
  return text.split(end, 1).join("");
}

function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name} = ${toToml(inner)}`)
    .join(", ")} }`;
}

test("shortcodes in the manual can be pasted as they are shown", () => {
  const blocks = [...readme.matchAll(/^```[a-z-]*\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  expect(blocks.filter((code) => /\{\{<\s+img /.test(code))).toHaveLength(1);
  // Hugo's way to write one that is not run: it prints nothing where it is pasted.
  expect(readme).not.toContain("{{</*");
});
