import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { type Built, createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
  .png()
  .toBuffer();

const posts = Array.from({ length: 10 }, (_, n) => n);

const summaries = "{{ .Content }}{{ range .Pages }}<section>{{ .Summary }}</section>{{ end }}";
const jsonFeed = `{{ $items := slice }}{{ range site.RegularPages }}
  {{ $items = $items | append (dict "id" .RelPermalink "content_html" .Content "summary" .Summary) }}
{{ end }}{{ dict "version" "https://jsonfeed.org/version/1.1" "items" $items | jsonify }}`;

const site = {
  "config.toml": siteConfig(`[outputs]
home = ["HTML", "RSS", "JSON", "JSONFeed"]
[mediaTypes."application/feed+json"]
suffixes = ["json"]
[outputFormats.JSONFeed]
mediaType = "application/feed+json"
baseName = "feed"
isPlainText = true
[params.imgproxy]
endpoint = "https://blog.example/img/"
formats = ["avif", "jpg"]
link = "widest"
placeholder = "color"
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false`),
  "assets/imgproxy.json": JSON.stringify({
    schema: 1,
    images: { "known.jpg": { width: 4000, height: 3000, version: "0123456789", color: "#1a2b3c" } },
  }),
  "assets/global.png": png,
  "static/here.png": "",
  "layouts/_default/single.html": '<head>{{ partial "imgproxy/preload.html" . }}</head>{{ .Content }}',
  "layouts/_default/list.html": `<head>{{ partial "imgproxy/preload.html" . }}</head>${summaries}`,
  "layouts/index.html": `<head>{{ partial "imgproxy/preload.html" . }}</head>${summaries.replace(".Pages", "site.RegularPages")}`,
  "layouts/index.json": jsonFeed,
  "layouts/index.jsonfeed.json": jsonFeed,
  "content/_index.md": "![home](known.jpg)\n\n![second](b.jpg)\n",
  "content/albums/_index.md": "![own](known.jpg)\n\n![second](b.jpg)\n",
  ...Object.fromEntries(
    posts.flatMap((n) => [
      [
        `content/posts/${n}.md`,
        `---\ntitle: "${n}"\n---\n![first](known.jpg)\n\n![${n}](post-${n}.jpg)\n\n<!--more-->\n\n![third](c.jpg)\n`,
      ],
      [
        `content/albums/${n}/_index.md`,
        `---\ntitle: "${n}"\n---\n![cover](known.jpg)\n\n![${n}](album-${n}.jpg)\n\n<!--more-->\n`,
      ],
    ]),
  ),
  "content/own/index.md": `---
title: own
---
![bundle](beside.png) ![static](here.png "T & T") ![asset](global.png) ![elsewhere](https://else.example/a.png)

![absolute](https://images.example/x.png) ![drawing](logo.svg) ![page](other/a%20b.jpg?q=40)

{{< img src="known.jpg" alt="short" narrow="b.jpg" caption="After *rain*" >}}

{{< figure src="known.jpg" alt="hugo's" >}}

{{< imgproxy/img src="here.png" alt="ours" >}}
`,
  "content/own/beside.png": png,
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  let built: Built;
  beforeAll(async () => {
    await using source = await createSite(site);
    built = await source.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
  });

  const imagesOf = (name: string): readonly string[] =>
    [...(built.files.get(name) ?? "").matchAll(/<img [^>]*>/g)].map(([tag]) => tag);

  test("in a list of ten summaries all images are lazy, and none has priority", () => {
    for (const list of ["posts", "albums"]) {
      const images = imagesOf(`${list}/index.html`);
      const theirs = images.filter((tag) => !/alt="?(own|second)/.test(tag));
      expect(theirs.length).toBe(20);
      expect(
        images.filter((tag) => !tag.includes('loading="lazy"') || tag.includes("fetchpriority")),
      ).toEqual([]);
    }
  });

  test("only the home page loads its own first image at once", () => {
    const [first = "", ...others] = imagesOf("index.html");
    expect(first).toMatch(/alt="home".* fetchpriority="high"/);
    expect(first).not.toContain("lazy");
    expect(others.length).toBeGreaterThan(20);
    expect(others.filter((tag) => !tag.includes('loading="lazy"') || tag.includes("fetchpriority"))).toEqual(
      [],
    );
    expect(built.files.get("index.html")).not.toContain('rel="preload"');
  });

  test.each(["posts/3", "albums", "albums/3"])(
    "%s fetches its first image from its head, and no other",
    (name) => {
      const html = built.files.get(`${name}/index.html`) ?? "";
      expect(html.match(/fetchpriority/g)).toHaveLength(1);
      const [link = ""] = /<link rel="preload"[^>]*>/.exec(html) ?? [];
      const [source = ""] = /<source [^>]*>/.exec(html) ?? [];
      const [, srcset] = / srcset=("[^"]*")/.exec(source) ?? [];
      expect(link).toContain(`as="image" type="image/avif"`);
      expect(link).toContain(` imagesrcset=${srcset} imagesizes="100vw" fetchpriority="high">`);
      expect(srcset).toContain("img=known.jpg");
    },
  );

  test.each(["index.json", "feed.json"])(
    "%s has one absolute URL for each image, and no other URL of it",
    (name) => {
      const feed: { items: { id: string; content_html: string; summary: string }[] } = JSON.parse(
        built.files.get(name) ?? "",
      );
      const texts = feed.items.flatMap((item) => [item.content_html, item.summary]);
      const tags = texts.flatMap((text) => [...text.matchAll(/<img [^>]*>/g)].map(([tag]) => tag));
      expect(tags.length).toBeGreaterThan(posts.length * 5);
      const isPlain = (tag: string) =>
        /^<img src="https:\/\/[^" ]*" alt="[^"]*"(?: title="[^"]*")?>$/.test(tag);
      expect(tags.filter((tag) => !isPlain(tag))).toEqual([]);
      expect(texts.filter((text) => /<picture|<source|<a |srcset|popover/.test(text))).toEqual([]);
      const own = feed.items.find(({ id }) => id === "/own/")?.content_html ?? "";
      const [blog, image] = ["https://blog.example/", "https://blog.example/img/?fm=jpg&img="];
      expect(unescapeHtml(own).match(/(?<= src=")[^"]*/g)).toEqual([
        ...[`${blog}own/beside.png`, `${blog}here.png`, `${blog}global.png`, "https://else.example/a.png"],
        ...[
          "https://images.example/x.png",
          `${blog}img/?img=logo.svg`,
          `${image}other%2Fa+b.jpg&q=40&w=1200`,
        ],
        ...[
          `${image}known.jpg&q=60&v=0123456789&w=1200`,
          `${image}known.jpg&q=60&v=0123456789&w=1200`,
          `${blog}here.png`,
        ],
      ]);
    },
  );
});
