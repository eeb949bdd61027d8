import { readdir } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { features, images } from "./feature-pages.ts";
import { createSite, hugos, moduleRoot, siteConfig } from "./hugo-site.ts";

const pages = Object.entries(features).map(([name, text]) => [`content/feature/${name}.md`, text]);

/** Calls of the partials as themes make them, on a page of its own. */
const partials = `{{ define "partials" }}
{{ partial "imgproxy/url.html" (dict "page" . "src" "known.jpg" "width" 300 "ar" "16:9") }}
{{ partial "imgproxy/srcset.html" (dict "page" . "src" "known.jpg") }}
{{ partial "imgproxy/picture.html" (dict "page" . "src" "small.jpg" "alt" "p") }}
{{ range partial "imgproxy/_/source/front-matter.html" . }}{{ partial "imgproxy/img.html" (dict "page" $ "src" .) }}{{ end }}
{{ range partial "_funcs/get-page-images.html" . }}{{ .Permalink }}{{ end }}
{{ partial "imgproxy/preload.html" . }}
{{ (partial "imgproxy/data.html" (dict "page" . "src" "known.jpg")).widest }}
{{ partial "imgproxy/gallery.html" (dict "page" . "src" "trips" "columns" 2 "ordinal" "theme") }}
{{ partial "imgproxy/albums.html" (dict "adapter" . "prefix" "nowhere") }}
{{ (partial "imgproxy/_/gallery/album.html" (dict "name" "trips" "folder" "trips" "keys" (slice "known.jpg") "images" dict "rule" "cover")).path }}
{{ partial "imgproxy/meta.html" (dict "page" . "src" "told.jpg") }}
{{ partial "imgproxy/json-ld.html" (dict "page" . "src" "told.jpg") }}
{{ end }}`;

const suffixes = ["html", "rss.xml", "json", "atom.xml", "jsonfeed.json"];

const site = {
  "config.toml": siteConfig(`theme = "plain"
[outputs]
home = ["HTML", "RSS", "JSON", "Atom", "JSONFeed"]
page = ["HTML"]
section = []
[mediaTypes."application/atom+xml"]
suffixes = ["xml"]
[outputFormats.Atom]
mediaType = "application/atom+xml"
baseName = "atom"
[mediaTypes."application/feed+json"]
suffixes = ["json"]
[outputFormats.JSONFeed]
mediaType = "application/feed+json"
baseName = "feed"
isPlainText = true
[params.imgproxy]
endpoint = "https://images.example/"
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false
attribute = { block = true, title = true }`),
  "assets/imgproxy.json": JSON.stringify({
    schema: 2,
    images: { ...images, "small.jpg": { ...images["small.jpg"], q: { offset: 2 } } },
    galleries: { trips: ["known.jpg", "small.jpg"] },
  }),
  "layouts/_default/single.html": "{{ .Title }}",
  ...Object.fromEntries(pages),
  "content/feature/beside/index.md": "---\ntitle: beside\n---\n![b](beside.png)\n",
  "content/feature/beside/beside.png": await sharp({
    create: { width: 8, height: 8, channels: 3, background: "teal" },
  })
    .png()
    .toBuffer(),
  "content/feature/gallery.md":
    '---\ntitle: gallery\n---\n{{< imgproxy/gallery "trips" >}}\n\n{{< imgproxy/gallery src="trips" cover=true >}}\n',
  "content/feature/cover.md": "---\ntitle: cover\nimages: [known.jpg, small.jpg]\n---\nc\n",
  "content/feature/wrong.md":
    "---\ntitle: wrong\nimgproxy: {size: 50vw}\n---\n![w](a%5Cb.jpg?q=0) ![j](javascript:x)\n",
  "content/feature/signed.md": "---\ntitle: s\n---\n![s](/a/../known%20one.jpg)\n",
};

/** Every page's content, and what the partials print for it. */
const everything = `{{ range site.RegularPages }}{{ .RelPermalink }}: {{ .Content }}{{ template "partials" . }}{{ end }}`;

/** Renders pages like a theme's search index or service worker: inside a resource that gets a fingerprint. */
const index = (name: string) =>
  `{{ $made := resources.Get "everything.txt" | resources.ExecuteAsTemplate "${name}.txt" . | resources.Fingerprint }}{{ $made.Content | safeHTML }}`;

const plainly = {
  ...site,
  ...Object.fromEntries(suffixes.map((suffix) => [`layouts/index.${suffix}`, partials + everything])),
};

const asTemplate = {
  ...site,
  // The theme has its own static files; git does not keep an empty static/ in the site.
  "themes/plain/static/img/theme.png": "theme's",
  "assets/everything.txt": partials + everything,
  ...Object.fromEntries(suffixes.map((suffix) => [`layouts/index.${suffix}`, index(suffix)])),
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("Hugo prints the same if a theme renders content in a resource, and if it has files that the site lacks", async () => {
    const env = { HUGO_PARAMS_IMGPROXY_KEY: "correct horse" };
    await using plain = await createSite({ ...plainly, "themes/plain/theme.toml": "" });
    await using themed = await createSite(asTemplate);
    const expected = await plain.build(hugo, { env });
    const built = await themed.build(hugo, { env, arguments: ["--templateMetrics"] });
    expect([built.errors, [...built.warnings].sort()]).toEqual([[], [...expected.warnings].sort()]);
    for (const name of ["index.html", "index.xml", "index.json", "atom.xml", "feed.json"]) {
      const printed = words(built.files.get(name));
      expect(printed.filter((word) => word.includes("img=")).length).toBeGreaterThan(50);
      expect([name, printed]).toEqual([name, words(expected.files.get(name))]);
    }
    const missed = (await templates()).filter((template) => !built.output.includes(`${template}\n`));
    expect(missed).toEqual([]);
  });
});

/** html/template escapes characters that text/template prints unchanged. */
function words(text = ""): string[] {
  return text
    .replace(/&(?:#?\w+;)?/g, "")
    .replace(/["'<>]/g, " ")
    .split(/\s+/);
}

/** Our templates, by the ends of their names, which are the same in the metrics of every version. */
async function templates(): Promise<string[]> {
  const names = await readdir(path.join(moduleRoot, "layouts"), { recursive: true });
  return names.filter((name) => /\.\w+$/.test(name)).map((name) => name.split(path.sep).slice(-2).join("/"));
}
