import { HtmlValidate } from "html-validate";
import { beforeAll, describe, expect, test } from "vitest";
import cases from "../../scan/test/fixtures/markdown-cases.json" with { type: "json" };
import { type Built, createSite, hugos, siteConfig } from "./hugo-site.ts";

/** Every way to write an image in Markdown, and many that only look like one, each on a page of its own. */
const markdown = Object.fromEntries(
  Object.entries(cases).map(([name, body]) => [`content/case/${slug(name)}.md`, page(name, body)]),
);

/** What shortcodes and parameters add, each on a page of its own. */
const features: Record<string, string> = {
  plain: page("plain", '![one](known.jpg)\n\n![two](known.jpg "Title")\n\n![three](unknown.jpg)'),
  small: page("small", "![s](small.jpg)"),
  overrides: page("overrides", "![o](known.jpg?q=33&w=800&class=wide#center)"),
  untiered: page("untiered", "![v](logo.svg) ![a](dance.gif)"),
  attributes: page(
    "attributes",
    '![a](known.jpg "T")\n{.c #i width=300 data-x="a \\"b\\" <c>" onclick="x()"}',
  ),
  figure: page("figure", '![a](known.jpg "T & <T>")\n{.c}', "figure: true"),
  link: page(
    "link",
    '![a](known.jpg)\n\n[![b](small.jpg)](/x/)\n\n*![c](unknown.jpg)*\n\n![d](a.jpg "T")\n{.c}',
    "link: original",
  ),
  inside: page(
    "inside",
    "[![b](small.jpg)](/x/)\n\n# ![c](known.jpg)\n\n![d](unknown.jpg)\n===\n\n|a|\n|-|\n|![e](e.jpg)|",
    "{figure: true, lightbox: true}",
  ),
  widest: page("widest", "![a](known.jpg)", "link: widest"),
  lightbox: page("lightbox", "![a](known.jpg)\n\n![a](logo.svg)", "lightbox: true"),
  picture: page("picture", "![a](known.jpg)\n\n![b](unknown.jpg)", "formats: [avif, webp, jpg]"),
  color: page("color", "![a](known.jpg)", "placeholder: color"),
  placeholder: page("placeholder", '![a](known.jpg)\n{style="outline:0"}', "placeholder: image"),
  off: page("off", "![a](known.jpg)", false),
  shortcodes: page(
    "shortcodes",
    [
      '{{< figure src="known.jpg" caption="After *rain*" title="T" attr="Me" attrlink="/me/" class="c" link="/x/" target="_blank" rel="noopener" >}}',
      '{{< figure src="known.jpg" alt="a" width="300" height="200" loading="eager" sizes="50vw" >}}',
      '{{< img "known.jpg" "two words" >}}',
      '{{< img src="known.jpg" alt="a" caption="After *rain*" tiers="eco" sizes="50vw" narrow="small.jpg" >}}',
      '{{< img src="known.jpg" alt="a" fixed="300" class="c" id="fixed" >}}',
      '{{< img src="small.jpg" alt="a" fixed="300" >}}',
      '{{< img src="known.jpg" alt="a" formats="avif, jpg" narrow="logo.svg" media="(orientation: portrait)" >}}',
    ].join("\n\n"),
  ),
};

const images = {
  "known.jpg": {
    width: 4000,
    height: 3000,
    version: "0123456789",
    color: "#1a2b3c",
    placeholder: "UklGRg+/a==",
  },
  "small.jpg": { width: 500, height: 333, version: "abcdef0123" },
};

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

/** Two ways to the same markup, of which only the first lets the hook print an image in one step. */
const alike = [
  { ordinary: "none", other: "image", known: { width: 4000, height: 3000, version: "0123456789" } },
  { ordinary: "color", other: "image", known: { ...images["known.jpg"], placeholder: "" } },
  { ordinary: "color", other: "image", known: { width: 4000, height: 3000, version: "0123456789" } },
];

describe.each(alike)("with placeholder = $ordinary", ({ ordinary, other, known }) => {
  test.each([...hugos])("Hugo $version prints an ordinary image as it prints any other", async (hugo) => {
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

test("a validator finds the markup valid", async () => {
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

function page(title: string, body: string, params?: string | false): string {
  const imgproxy =
    params === undefined
      ? ""
      : `imgproxy: ${params === false ? "false" : params.startsWith("{") ? params : `{${params}}`}\n`;
  return `---\ntitle: ${JSON.stringify(title)}\n${imgproxy}---\n${body}\n`;
}

function slug(name: string): string {
  return name.replaceAll(" ", "-");
}

/** Image markup by page: the text around it is Hugo's and differs from version to version. */
function elementsOf(built: Built | undefined): Map<string, string[]> {
  const pages = [...(built?.files ?? [])].filter(([file]) => file.endsWith(".html") && !differs.has(file));
  return new Map(pages.map(([file, html]) => [file, html.match(elements) ?? []]));
}

/** Hugo's minifier has changed its mind on what ends a comment. */
const differs = new Set(["case/html-comment-inl-gt/index.html"]);

const elements = /<\/?(?:img|picture|source|figure|figcaption|button)\b[^>]*>|<a [^>]*images\.example[^>]*>/g;
