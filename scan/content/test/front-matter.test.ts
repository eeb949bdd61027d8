import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { createSite, hugos, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import type { Finding } from "../../findings.ts";
import { scanned } from "../../test/blog.ts";
import { run } from "../../test/command.ts";
import { pagesWithFrontMatter } from "../../test/fixtures/front-matters.ts";
import { splitFrontMatter } from "../pages/front-matter.ts";

const PAGES = inject("everyHugo") ? 1000 : 250;
/** A seed; another seed tests other pages. */
const SEED = Number(process.env.SEED ?? 1);

describe.each([...hugos])("on Hugo $version", (hugo) => {
  const minor = Number(hugo.version.split(".")[1]);
  const pages = fc
    .sample(pagesWithFrontMatter(minor), { seed: SEED, numRuns: PAGES })
    .map((text, at) => ({ name: `p${at}`, text: text.replace("photo.jpg", `p${at}.jpg`) }));

  test(`the scan reads ${pages.length} generated front matters as Hugo does`, async () => {
    await using site = await createSite({
      "layouts/_default/single.html": page,
      ...Object.fromEntries(pages.map(({ name, text }) => [`content/${name}.md`, text])),
    });
    const built = await site.build(hugo, { arguments: ["-D", "-F", "-E"] });
    expect(built.errors).toEqual([]);
    const read = pages.map(({ name, text }) => {
      const hugos: HugoPage = JSON.parse(built.files.get(`${name}/index.html`) ?? "");
      const { values, body, problem } = splitFrontMatter(text, minor);
      const { title, images = null, tags = null, cover = null } = values;
      const ours = { title, images, tags, cover, body, problem };
      return { name, text, hugos, ours: oneSpace(ours), published: hugos.published };
    });
    const different = read.filter(
      ({ hugos: { published: _, ...hugos }, ours }) =>
        !isDeepStrictEqual(ours, oneSpace({ ...hugos, problem: undefined })),
    );
    expect(different.slice(0, 5)).toEqual([]);

    const urls = await scanned(site.folder, hugo.version);
    const keys = new Set(urls.map((url) => new URL(url).searchParams.get("img")));
    const published = read.filter((page) => page.published);
    const mistaken = read.filter(({ name, published }) => keys.has(`${name}.jpg`) !== published);
    expect(mistaken.slice(0, 5)).toEqual([]);
    expect(published.length).toBeGreaterThan(pages.length / 4);
    expect(published.length).toBeLessThan(pages.length);
  });
});

describe("invalid front matter", () => {
  const head = {
    yaml: '---\ntitle: "a" b\n',
    toml: '+++\ntitle = "a" b\n',
    json: '{\n  "title": "a" b,\n',
  };
  const files = {
    "yaml.md": `${head.yaml}cover:\n  alt: "x"\n  image: yaml-cover.jpg # c\nimages:\n  - "yaml 1.jpg"\n  - yaml-2.jpg\n---\n![](yaml.jpg)`,
    "toml.md": `${head.toml}images = ["toml 1.jpg", 'toml-2.jpg']\n[cover]\nimage = "toml-cover.jpg"\n+++\n![](toml.jpg)`,
    "json.md": `${head.json}  "images": [\n    "json-1.jpg"\n  ],\n  "cover": {\n    "image": "json-cover.jpg"\n  }\n}\n![](json.jpg)`,
    "off.md": `${head.yaml}imgproxy: false\n---\n![](off.jpg)`,
    "draft.md": `${head.yaml}draft: true\n---\n![](draft.jpg)`,
    "future.md": `${head.toml}date = 2999-01-01\n+++\n![](future.jpg)`,
    "expired.md": `${head.json}"expiryDate": "2001-01-01"\n}\n![](expired.jpg)`,
    "unclosed.md": `${head.yaml}![](unclosed.jpg)`,
    "list.md": "- ![](list.jpg)",
    "shortcode.md": '\n\n{{< img "shortcode.jpg" >}}\n',
    "percent.md": '{{% img "percent.jpg" %}}\n',
    "brace.md": "{ is not a table\n\n![](brace.jpg)\n",
  };

  test("front matter that does not parse is a warning: its lines are read one by one, and the body is scanned", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(`[params.imgproxy]
endpoint = "https://images.example/"
frontmatter = ["images", "cover.image"]
`),
      ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`content/${name}`, text])),
    });
    const { code, stdout } = await run(["--site", site.folder, "--dry-run", "--json"]);
    const { urls, findings }: { urls: string[]; findings: Finding[] } = JSON.parse(stdout);
    expect(new Set(urls.map((url) => new URL(url).searchParams.get("img")))).toEqual(
      new Set([
        ...["yaml.jpg", "yaml-cover.jpg", "yaml 1.jpg", "yaml-2.jpg"],
        ...["toml.jpg", "toml-cover.jpg", "toml 1.jpg", "toml-2.jpg"],
        ...["json.jpg", "json-cover.jpg", "json-1.jpg", "unclosed.jpg", "list.jpg"],
        ...["shortcode.jpg", "brace.jpg"],
      ]),
    );
    expect(findings.map(({ file, line, severity }) => `${file}:${line} ${severity}`)).toEqual([
      "content/brace.md:1 error",
      "content/json.md:1 warning",
      "content/off.md:2 warning",
      "content/percent.md:1 error",
      "content/percent.md:1 warning",
      "content/shortcode.md:3 error",
      "content/toml.md:2 warning",
      "content/unclosed.md:1 error",
      "content/yaml.md:2 warning",
    ]);
    expect(findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^the front matter does not parse/),
        "the front matter has no end, so Hugo's build fails: add a line --- after it",
        expect.stringMatching(/ fails on the shortcode: begin with front matter/),
      ]),
    );
    expect(code).toBe(1);
  });
});

interface HugoPage extends Record<"title" | "images" | "tags" | "cover" | "body", unknown> {
  readonly published: boolean;
}

const page = `{{- $expired := and (not .ExpiryDate.IsZero) (.ExpiryDate.Before now) -}}
{{- $published := not (or .Draft (.PublishDate.After now) $expired) -}}
{{- dict "title" .Title "images" .Params.images "tags" .Params.tags "cover" .Params.cover "body" .RawContent
  "published" $published | jsonify -}}`;

/** The white space in a folded text does not matter. */
function oneSpace(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/\s+/g, " ");
  if (Array.isArray(value)) return value.map(oneSpace);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, oneSpace(inner)]));
}
