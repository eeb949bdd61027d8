import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { moduleRoot } from "./hugo-site.ts";

/** The test that proves our cell in each row of the manual's comparison: its file and its name. */
const proofs: Readonly<Record<string, readonly [file: string, sentence: string]>> = {
  "Oldest Hugo": ["versions.hugo.test.ts", "builds every case without an error"],
  "Photographs may be outside the repository": ["golden.test.ts", "prints the golden table's URLs"],
  "Work in the build": ["golden.test.ts", "prints the golden table's URLs"],
  "`srcset`": ["golden.test.ts", "prints the golden table's URLs"],
  "`width`, `height`": [
    "markup.test.ts",
    "with eagerfirst the first image is loaded at once, and the others are lazy",
  ],
  '`sizes="auto"`, first image with priority': [
    "markup.test.ts",
    "sizes=auto is printed only for a lazy image of known size, on a site that does not set sizes",
  ],
  "One file for each density": ["browser.test.ts", "an image of a fixed size loads the file of its density:"],
  "Placeholders, without script": [
    "markup.test.ts",
    "the dominant colour or the tiny image is painted behind a photograph",
  ],
  "Parameters for a section, a page, one image": [
    "sites.test.ts",
    "a cascade, a page and a destination can override the ladder",
  ],
  "Classes and attributes from Markdown": [
    "markup.test.ts",
    "classes and attributes from Markdown are printed",
  ],
  AVIF: ["browser.test.ts", "loads AVIF in this browser"],
  "SVG, animated GIF": ["golden.test.ts", "prints the golden table's URLs"],
  "`<figure>` only where it is valid": [
    "markup.test.ts",
    "an image that stands alone becomes a figure, and no other image does",
  ],
  "`alt`": ["markup.test.ts", "alt has the image's description as text, without elements and on one line"],
  "`figure` shortcode, feeds, link previews": ["sites.test.ts", "gives link previews the covers"],
  "Names an image cannot have": [
    "problems.test.ts",
    "each problem is one warning, with page and destination, and the site is built",
  ],
  "Signed URLs": ["signing.test.ts", "every URL is signed as the server expects it, with a key from"],
  "Checked before it is published": ["../../scan/test/example-site.test.ts", "emits are those of the scan"],
};

test("each row of the comparison names a test that proves our cell", async () => {
  const manual = await readFile(path.join(moduleRoot, "hugo-module", "README.md"), "utf8");
  const section = manual.slice(manual.indexOf("## Compared"));
  const rows = [...section.matchAll(/^\| ([^|]+?) \| .* \| .* \| .* \|$/gm)].map(([, row]) => row);
  expect(rows.filter((row) => row !== "---")).toEqual(Object.keys(proofs));
  for (const [row, [file, sentence]] of Object.entries(proofs)) {
    const source = await readFile(path.join(moduleRoot, "hugo-module", "test", file), "utf8");
    expect([row, source.includes(sentence)]).toEqual([row, true]);
  }
});
