import { HtmlValidate } from "html-validate";
import { beforeAll, describe, expect, test } from "vitest";
import cases from "../../scan/test/fixtures/markdown-cases.json" with { type: "json" };
import { features, images, page } from "./feature-pages.ts";
import { type Built, createSite, hugos, siteConfig } from "./hugo-site.ts";

/** Every way to write an image in Markdown, and many texts that only look like one, each on its own page. */
const markdown = Object.fromEntries(
  Object.entries(cases).map(([name, body]) => [`content/case/${slug(name)}.md`, page(name, body)]),
);

const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
sizes = "100vw"
[markup.goldmark.renderer]
unsafe = true
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false
attribute = { block = true, title = true }`),
  "assets/imgproxy.json": JSON.stringify({ schema: 1, images }),
  ...markdown,
  ...Object.fromEntries(Object.entries(features).map(([name, text]) => [`content/feature/${name}.md`, text])),
};

describe.each([[[]], [["--minify"]]])("with %s", (args) => {
  const builds = new Map<string, Built>();
  beforeAll(async () => {
    for (const hugo of hugos) {
      await using site = await createSite(files);
      builds.set(hugo.version, await site.build(hugo, { arguments: args }));
    }
  });

  test.each([...hugos])("Hugo $version builds every case without an error", ({ version }) => {
    expect(builds.get(version)?.errors).toEqual([]);
  });

  test.each([...hugos.slice(1)])("Hugo $version prints the images that the oldest prints", ({ version }) => {
    expect(elementsOf(builds.get(version))).toEqual(elementsOf(builds.get(hugos[0]?.version ?? "")));
  });
});

/** Two ways to the same markup; only with the first can the hook print an image in one step. */
const alike = [
  { ordinary: "none", other: "image", known: { width: 4000, height: 3000, version: "0123456789" } },
  { ordinary: "color", other: "image", known: { ...images["known.jpg"], placeholder: "" } },
  { ordinary: "color", other: "image", known: { width: 4000, height: 3000, version: "0123456789" } },
];

describe.each(alike)("with placeholder = $ordinary", ({ ordinary, other, known }) => {
  test.each([...hugos])("Hugo $version prints an ordinary image like any other", async (hugo) => {
    const printed = [];
    for (const placeholder of [ordinary, other]) {
      await using site = await createSite({
        ...files,
        "config.toml": files["config.toml"].replace("sizes =", `placeholder = "${placeholder}"\nsizes =`),
        "assets/imgproxy.json": JSON.stringify({ schema: 1, images: { ...images, "known.jpg": known } }),
      });
      printed.push(elementsOf(await site.build(hugo)));
    }
    for (const pages of printed)
      for (const name of ["color", "placeholder"]) pages.delete(`feature/${name}/index.html`);
    expect(printed[0]?.size).toBeGreaterThan(200);
    expect(printed[0]).toEqual(printed[1]);
  });
});

test("the markup is valid HTML", async () => {
  const [hugo] = hugos.slice(-1);
  if (hugo === undefined) return;
  await using site = await createSite(files);
  const built = await site.build(hugo);
  const validator = new HtmlValidate({
    extends: ["html-validate:standard"],
    rules: { "no-inline-style": "off" },
  });
  const messages: string[] = [];
  for (const name of Object.keys(features)) {
    const html = built.files.get(`feature/${name}/index.html`) ?? "";
    const report = await validator.validateString(
      `<!doctype html>\n<html lang="en"><head><title>t</title></head><body>${html}</body></html>\n`,
    );
    for (const { messages: found } of report.results)
      messages.push(...found.map(({ ruleId, message }) => `${name}: ${ruleId}: ${message}`));
  }
  expect(messages).toEqual([]);
});

// --- pages ---

function slug(name: string): string {
  return name.replaceAll(" ", "-");
}

/** Image markup by page. The text around it comes from Hugo and differs between versions. */
function elementsOf(built: Built | undefined): Map<string, string[]> {
  const pages = [...(built?.files ?? [])].filter(([file]) => file.endsWith(".html") && !differs.has(file));
  const found = pages.map(([file, html]) => [file, html.match(elements) ?? []] as const);
  // Newer minifiers write 4000px as 4e3px.
  return new Map(
    found.map(([file, tags]) => [file, tags.map((tag) => tag.replaceAll(/\b(\d+)e3px/g, "$1000px"))]),
  );
}

/** Versions of Hugo's minifier differ about the end of a comment. */
const differs = new Set(["case/html-comment-inl-gt/index.html"]);

const elements = /<\/?(?:img|picture|source|figure|figcaption|button)\b[^>]*>|<a [^>]*images\.example[^>]*>/g;
