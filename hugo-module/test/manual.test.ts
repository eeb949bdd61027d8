import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { defaultParams } from "../../contract/page/params.ts";
import { createSite, extremes, moduleRoot, siteConfig } from "./hugo-site.ts";

const manual = await readFile(path.join(moduleRoot, "hugo-module", "README.md"), "utf8");
const [, section = ""] =
  manual
    .split(/^## /m)
    .map((text) => text.split("Each parameter, seen\n"))
    .find(({ length }) => length > 1) ?? [];

/** What the manual says about one parameter. */
interface Entry {
  readonly name: string;
  readonly said: string;
  readonly toml: string;
  readonly markdown: string;
  readonly html: string;
}

const entries: readonly Entry[] = section
  .split(/^(?=\*\*`)/m)
  .slice(1)
  .map((said) => ({
    name: /^\*\*`([a-z]+)`/.exec(said)?.[1] ?? "",
    said,
    toml: /```toml\n(.*?)```/s.exec(said)?.[1] ?? "",
    markdown: /the post says `(!.*)`/.exec(said)?.[1] ?? "![Glow-worms](worms.jpg)",
    html: /```html\n(.*?)```/s.exec(said)?.[1] ?? "",
  }));

const config = `[params.imgproxy]
endpoint = "https://images.example/"
tiers = [{width = 800, quality = 60}]
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false`;

const manifest = {
  schema: 2,
  images: {
    "worms.jpg": { width: 4000, height: 3000, version: "78c6c87e01", color: "#081818" },
    "trips/alps.jpg": {
      ...{ width: 2400, height: 1600, version: "9d1f0c52aa" },
      meta: {
        ...{ alt: "A ridge above the clouds", description: "First snow on the ridge" },
        ...{ camera: "Canon EOS R5", exposure: "1/250" },
      },
    },
  },
};

test("the manual shows each parameter, and its pictures exist", () => {
  expect(entries.map(({ name }) => name)).toEqual(Object.keys(defaultParams));
  for (const { name, said } of entries)
    expect([name, /```(?:html|text)|pictures\//.test(said)]).toEqual([name, true]);
  const pictures = [...manual.matchAll(/\]\((pictures\/[^)]+)\)/g)].map(([, file = ""]) => file);
  expect(pictures.length).toBeGreaterThan(5);
  expect(pictures.filter((file) => !existsSync(path.join(moduleRoot, "hugo-module", file)))).toEqual([]);
});

test.each(extremes)("Hugo $version prints the HTML that the manual shows", async (hugo) => {
  const built = entries.filter(({ toml, html }) => toml !== "" && html !== "");
  await using site = await createSite({
    "config.toml": siteConfig(config),
    "assets/imgproxy.json": JSON.stringify(manifest),
    "assets/leaf.png": "",
    ...Object.fromEntries(built.map((entry) => [`content/posts/${entry.name}.md`, pageOf(entry)])),
  });
  const { files, errors } = await site.build(hugo);
  expect(errors).toEqual([]);
  const printed = built.map(({ name }) => [name, oneLine(files.get(`posts/${name}/index.html`) ?? "")]);
  expect(printed).toEqual(built.map(({ name, html }) => [name, oneLine(html)]));
});

// --- pages ---

/** A page can set every parameter, so one build is enough for all of them. */
function pageOf({ toml, markdown }: Entry): string {
  return `+++\ntitle = "t"\n[imgproxy]\n${toml}+++\n${markdown}\n`;
}

/** The manual can break lines anywhere; identifiers of a lightbox depend on the page. */
function oneLine(html: string): string {
  return html
    .replace(/\s+/g, " ")
    .replace(/(?<=>) (?=<)/g, "")
    .replaceAll(/zoom-[0-9a-f]{8}/g, "zoom-…")
    .replace(/^<link rel="stylesheet" [^>]*> ?/, "")
    .trim();
}
