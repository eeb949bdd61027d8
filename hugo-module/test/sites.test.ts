import { describe, expect, test } from "vitest";
import { compareVersions } from "../../scan/site/hugo-version.ts";
import { createSite, extremes, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const endpoint = '[params.imgproxy]\nendpoint = "https://images.example/"\n';

describe.each(extremes)("Hugo $version", (hugo) => {
  test("every language has its own parameters, and keys are relative to the content folder", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(`${endpoint}resolve = "page"
[languages.en]
contentDir = "content/en"
[languages.fr]
contentDir = "content/fr"
[languages.fr.params.imgproxy]
endpoint = "https://images.example/"
resolve = "page"
tiers = "eco"
`),
      "content/en/posts/x/index.md": "![a](a.jpg)",
      "content/fr/posts/x/index.md": "![a](a.jpg)",
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect(widths(built.files.get("posts/x/index.html"))).toEqual([480, 800, 1200, 1600, 2000]);
    expect(widths(built.files.get("fr/posts/x/index.html"))).toEqual([480, 800, 1200, 1600]);
    expect(built.files.get("fr/posts/x/index.html")).toContain("img=posts%2Fx%2Fa.jpg");
  });

  test("a cascade, a page and a destination can override the ladder", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(endpoint),
      "content/posts/_index.md": "---\ncascade: {imgproxy: {tiers: eco}}\n---\n",
      "content/posts/section.md": "![a](a.jpg)",
      "content/posts/page.md": "---\nimgproxy: {tiers: [{width: 700, quality: 50}]}\n---\n![a](a.jpg)",
      "content/posts/image.md": "![a](a.jpg?w=600)",
      "content/posts/off.md": "---\nimgproxy: false\n---\n![a](a.jpg)",
      "content/other.md": "![a](a.jpg)",
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect(built.warnings).toEqual([]);
    const ladders = ["posts/section", "posts/page", "posts/image", "posts/off", "other"];
    expect(ladders.map((name) => widths(built.files.get(`${name}/index.html`)))).toEqual([
      [480, 800, 1200, 1600],
      [700],
      [480, 600],
      [],
      [480, 800, 1200, 1600, 2000],
    ]);
  });

  test("images in shortcodes, RenderString, summaries, JSON outputs and mounted content get tiers", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(`${endpoint}
[outputs]
page = ["HTML", "JSON"]
[[module.mounts]]
source = "content"
target = "content"
[[module.mounts]]
source = "notes"
target = "content/notes"`),
      "layouts/_default/single.html": "{{ .Content }}",
      "layouts/_default/single.json": "{{ dict `html` .Content | jsonify }}",
      "layouts/_default/list.html": "{{ range site.RegularPages }}{{ .Summary }}{{ end }}",
      "layouts/shortcodes/wrap.html": "{{ .Inner | .Page.RenderString }}",
      "layouts/shortcodes/inner.html": "{{ .Inner }}",
      "content/a.md":
        "---\ntitle: a\n---\n{{< wrap >}}![one](one.jpg){{< /wrap >}}\n\n{{% inner %}}![two](two.jpg){{% /inner %}}\n",
      "content/b.md": "![three](three.jpg)\n\n<!--more-->\n\n![four](four.jpg)",
      "notes/c.md": "![five](five.jpg)",
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    const keys = (file: string) =>
      ["one", "two", "three", "four", "five"].filter((name) =>
        built.files.get(file)?.includes(`img=${name}.jpg`),
      );
    expect(keys("a/index.html")).toEqual(["one", "two"]);
    expect(keys("b/index.json")).toEqual(["three", "four"]);
    expect(keys("b/index.html")).toEqual(["three", "four"]);
    expect(keys("notes/c/index.html")).toEqual(["five"]);
    expect(keys("index.html")).toContain("three");
  });

  test("feeds have one absolute URL for each image", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(endpoint),
      "layouts/_default/rss.xml": "{{ range site.RegularPages }}{{ .Content }}{{ end }}",
      "static/here.png": "",
      "content/a.md": '![a *b*](a.jpg "T")\n\n![c](here.png)',
    });
    const built = await site.build(hugo);
    expect(unescapeHtml(built.files.get("index.xml") ?? "").replaceAll("\n", "")).toBe(
      '<p><img src="https://images.example/?img=a.jpg&q=60&w=1200" alt="a b" title="T"></p>' +
        '<p><img src="https://blog.example/here.png" alt="c"></p>',
    );
  });
});

// Hugo looks for a module's get-page-images from 0.121 on.
test.each(hugos.filter(({ version }) => compareVersions(version, "0.121.0") >= 0))(
  "Hugo $version gives link previews the covers of the front matter",
  async (hugo) => {
    await using site = await createSite({
      "config.toml": siteConfig(endpoint),
      "assets/imgproxy.json": JSON.stringify({
        schema: 1,
        images: { "small.jpg": { width: 900, height: 600, version: "0123456789" } },
      }),
      "layouts/_default/single.html":
        '{{ template "_internal/opengraph.html" . }}{{ template "_internal/twitter_cards.html" . }}',
      "content/image.md": "---\nimage: a.jpg\n---\n",
      "content/images.md": "---\nimages: [b.jpg, https://ext.example/c.jpg, logo.svg]\n---\n",
      "content/cover.md": "---\ncover: {image: small.jpg}\n---\n",
      "content/none.md": "---\ntitle: n\n---\n",
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    const previews = (name: string) =>
      [
        ...unescapeHtml(built.files.get(`${name}/index.html`) ?? "").matchAll(
          /<meta (?:property|name)="(og|twitter):image" content="([^"]*)"/g,
        ),
      ].map(([, kind, url]) => `${kind} ${url}`);
    const proxied = (query: string) => `https://images.example/?ar=40%3A21&fm=jpg&img=${query}`;
    expect(previews("image")).toEqual([
      `og ${proxied("a.jpg&q=75&w=1200")}`,
      `twitter ${proxied("a.jpg&q=75&w=1200")}`,
    ]);
    expect(previews("images")).toEqual([
      `og ${proxied("b.jpg&q=75&w=1200")}`,
      "og https://ext.example/c.jpg",
      `twitter ${proxied("b.jpg&q=75&w=1200")}`,
    ]);
    expect(previews("cover")[0]).toBe(`og ${proxied("small.jpg&q=75&v=0123456789&w=900")}`);
    expect(previews("none")).toEqual([]);
  },
);

function widths(html = ""): number[] {
  return [...html.matchAll(/ (\d+)w/g)].map(([, width]) => Number(width));
}
