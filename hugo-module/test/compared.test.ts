import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { moduleRoot } from "./hugo-site.ts";

/** Which test proves our cell of each row of the manual's comparison: file, and the sentence that it has for a name. */
const proofs: Readonly<Record<string, readonly [file: string, sentence: string]>> = {
  "Oldest Hugo": ["versions.test.ts", "builds every case without an error"],
  "Photographs may be outside the repository": ["golden.test.ts", "prints the golden table's URLs"],
  "Work in the build": ["golden.test.ts", "prints the golden table's URLs"],
  "`srcset`": ["golden.test.ts", "prints the golden table's URLs"],
  "`width`, `height`": ["markup.test.ts", "loads the first image at once where the site says so"],
  '`sizes="auto"`, first image with priority': [
    "markup.test.ts",
    "says sizes=auto only of a lazy image whose size is known",
  ],
  "One file for each density": ["browser.test.ts", "an image of a fixed size gets the file of its density"],
  "Placeholders, without script": ["markup.test.ts", "paints the dominant colour or the tiny image behind"],
  "Parameters for a section, a page, one image": [
    "sites.test.ts",
    "lets a cascade, a page and a destination override",
  ],
  "Classes and attributes from Markdown": ["markup.test.ts", "carries classes and attributes from Markdown"],
  AVIF: ["browser.test.ts", "gives this browser AVIF"],
  "SVG, animated GIF": ["golden.test.ts", "prints the golden table's URLs"],
  "`<figure>` only where it is valid": ["markup.test.ts", "makes a figure of an image that stands alone"],
  "`alt`": ["markup.test.ts", "says what an image shows as text, without elements"],
  "`figure` shortcode, feeds, link previews": ["sites.test.ts", "gives link previews the covers"],
  "Names an image cannot have": ["problems.test.ts", "warns once of each problem, with page and destination"],
  "Signed URLs": ["signing.test.ts", "signs every URL as the server does"],
  "Checked before it is published": ["../../scan/test/example-site.test.ts", "emits is what was scanned"],
};

test("each row of the comparison has a test that proves our cell", async () => {
  const manual = await readFile(path.join(moduleRoot, "hugo-module", "README.md"), "utf8");
  const section = manual.slice(manual.indexOf("## Compared"));
  const rows = [...section.matchAll(/^\| ([^|]+?) \| .* \| .* \| .* \|$/gm)].map(([, row]) => row);
  expect(rows.filter((row) => row !== "---")).toEqual(Object.keys(proofs));
  for (const [row, [file, sentence]] of Object.entries(proofs)) {
    const source = await readFile(path.join(moduleRoot, "hugo-module", "test", file), "utf8");
    expect([row, source.includes(sentence)]).toEqual([row, true]);
  }
});
