import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { look, windows } from "../../dev/themes/look.ts";
import { type PagesServer, startPagesServer } from "../../dev/themes/pages-server.ts";
import { type PhotographServer, startPhotographServer } from "../../dev/themes/photographs.ts";
import { opens } from "../../dev/themes/themes.ts";
import { type Outcome, tryTheme } from "../../dev/themes/try-theme.ts";
import { hugos } from "./hugo-site.ts";

const executablePath = "/usr/bin/chromium";
const [hugo] = hugos.slice(-1);
const missing = !existsSync(executablePath) || hugo === undefined;
if (missing && process.env.CI) throw new Error(`CI must have Hugo and a browser: ${executablePath}`);

// --- a theme with patterns of real themes, a section for each ---

const page = (
  css: string,
  main: string,
): string => `<!doctype html><html lang="en"><head><title>{{ .Title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{{ "css/${css}.css" | relURL }}">
{{ template "_internal/opengraph.html" . }}
</head><body><main>${main}</main>
{{ with resources.Get "index.txt" }}{{ with . | resources.ExecuteAsTemplate "index.json" $ }}<script src="{{ (resources.Get "open.js").RelPermalink }}" data-index="{{ .RelPermalink }}"></script>{{ end }}{{ end }}
</body></html>`;

const cover = `{{ with .Params.featuredImage }}{{ partial "imgproxy/img.html" (dict "page" $ "src" . "alt" "Cover" "first" true) }}{{ end }}`;
const main = "main { max-width: 600px; margin: 0 auto }";

const theme = {
  // PaperMod, Ananke, Coder, Terminal: the height attribute sets a height, so that images are stretched.
  "static/css/stretch.css": `${main} img { max-width: 100% } img[src*="#center"] { border: 3px solid; }`,
  // Cards: a theme's own height, object-fit and aspect-ratio.
  "static/css/cards.css": `${main} .card img { height: 120px; width: 100%; object-fit: cover } .wide { aspect-ratio: 2; object-fit: cover; width: 100% }`,
  // Tailwind: all rules are in layers, and any rule outside of layers would win over them.
  "static/css/layers.css": `@layer theme, base, components, utilities; ${main} @layer base { img { max-width: 100% } } @layer utilities { .h-24 { height: 6rem; object-fit: cover } }`,
  "layouts/stretch/single.html": page("stretch", `${cover}{{ .Content }}`),
  "layouts/cards/single.html": page(
    "cards",
    `<div class="card">${cover}{{ partial "imgproxy/img.html" (dict "page" . "src" "tower.jpg") }}</div>{{ partial "imgproxy/img.html" (dict "page" . "src" "tower.jpg" "attributes" (dict "class" "wide")) }}{{ .Content }}`,
  ),
  "layouts/layers/single.html": page(
    "layers",
    `${cover}{{ .Content }}{{ partial "imgproxy/img.html" (dict "page" . "src" "tower.jpg" "attributes" (dict "class" "h-24")) }}`,
  ),
  "layouts/_default/list.html": page(
    "cards",
    `{{ range site.RegularPages }}<div class="card">{{ $page := . }}{{ with .Params.featuredImage }}{{ partial "imgproxy/img.html" (dict "page" $page "src" . "alt" "Card") }}{{ end }}</div>{{ end }}`,
  ),
  // The theme has its own hook, which comes first; the site calls ours in one line.
  "layouts/_default/_markup/render-image.html":
    '<img class="theirs" src="{{ .Destination | safeURL }}" alt="{{ .Text }}">',
  // A gallery, and the script of its lightbox.
  "layouts/shortcodes/gallery.html": `{{ $page := .Page }}{{ $n := .Ordinal }}{{ range $at, $src := split (.Get "photos") " " }}{{ with partial "imgproxy/data.html" (dict "page" $page "src" $src) }}
<a class="open" href="{{ .widest }}" data-size="{{ .width }}x{{ .height }}">{{ partial "imgproxy/img.html" (dict "page" $page "src" .key "params" (dict "fixed" 100) "ordinal" (print $n "-" $at)) }}</a>{{ end }}{{ end }}`,
  "assets/open.js": `for (const link of document.querySelectorAll("a.open")) link.addEventListener("click", (event) => {
  event.preventDefault();
  const image = document.createElement("img");
  [image.width, image.height] = link.dataset.size.split("x");
  image.src = link.href;
  image.className = "opened";
  document.querySelector("main").append(image);
});`,
  // A search index of rendered pages.
  "assets/index.txt":
    "{{ range site.RegularPages }}{{ .Content | plainify | jsonify }} {{ .RelPermalink }}\n{{ end }}",
};

const post = (title: string, photo: string, body: string): string =>
  `---\ntitle: ${title}\nfeaturedImage: ${photo}\n---\n${body}\n`;

const files = {
  "hugo.toml": `title = "Small themes"
theme = ["small", "imgproxy-lite-is-below"]
disableKinds = ["taxonomy", "term", "sitemap", "RSS"]
[[module.imports]]
path = "small"
[[module.imports]]
path = "github.com/imgproxy-lite/imgproxy-lite"
[params.imgproxy]
sizes = "(min-width: 616px) 600px, calc(100vw - 16px)"
`.replace('theme = ["small", "imgproxy-lite-is-below"]\n', ""),
  "layouts/_default/_markup/render-image.html": '{{- partial "imgproxy/hook.html" . -}}',
  ...Object.fromEntries(Object.entries(theme).map(([name, text]) => [`themes/small/${name}`, text])),
  "themes/small/theme.toml": "",
  "content/stretch/a.md": post(
    "Stretch",
    "cover.jpg",
    '![Alps](trips/alps.jpg)\n\n![Tower](tower.jpg#center)\n\n![Stamp](stamp.jpg)\n\n{{< gallery photos="trips/alps.jpg tower.jpg" >}}',
  ),
  "content/cards/a.md": post("Cards", "cover.jpg", "![Alps](trips/alps.jpg)"),
  "content/layers/a.md": post("Layers", "cover.jpg", "![Tower](tower.jpg)"),
};

let folder: string;
let photographs: PhotographServer;
let server: PagesServer;
let browser: Browser;
let outcome: Outcome;

beforeAll(async () => {
  if (missing || hugo === undefined) return;
  folder = await mkdtemp(path.join(tmpdir(), "small-themes-"));
  photographs = await startPhotographServer(folder);
  server = await startPagesServer({
    "content-security-policy":
      "default-src 'self'; style-src 'self'; style-src-attr 'none'; img-src 'self' http://127.0.0.1:*",
  });
  browser = await chromium.launch({ executablePath, timeout: 0, args: ["--no-sandbox", "--disable-gpu"] });
  outcome = await tryTheme(
    {
      files,
      themes: {},
      pages: ["stretch/a/", "cards/a/", "layers/a/", ""],
      cover: "cover.jpg",
      showsCovers: true,
      gallery: { page: "stretch/a/", act: opens("a.open", "img.opened") },
    },
    { folder: path.join(folder, "site"), hugo, browser, server, endpoint: photographs.endpoint },
  );
});

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  await photographs?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test.skipIf(missing)(
  "themes keep each picture's ratio, their covers, previews, gallery and lightbox, and the check finds a broken cover",
  () => {
    const { widths: _, ...problems } = outcome;
    expect(problems).toEqual({ build: [], pictures: [], cover: [], gallery: [], check: [] });
  },
);

test.skipIf(missing)(
  "a theme's own height, object-fit and aspect-ratio win, in layers too, and so do its rules for #center",
  async () => {
    const boxes = await Promise.all(
      ["stretch/a/", "cards/a/", "layers/a/"].map((name) => boxesOf(name, "desktop")),
    );
    expect(boxes).toEqual([
      [
        ...["trips/alps.jpg 600x375", "tower.jpg 600x960 border", "stamp.jpg 240x160"],
        ...["trips/alps.jpg 100x63", "tower.jpg 100x160"],
      ],
      ["tower.jpg 600x120", "tower.jpg 600x300", "trips/alps.jpg 600x375"],
      ["tower.jpg 600x960", "tower.jpg 600x96"],
    ]);
  },
);

async function boxesOf(name: string, window: keyof typeof windows): Promise<string[]> {
  let boxes: string[] = [];
  const { problems } = await look(browser, {
    url: new URL(name, server.url).href,
    endpoint: photographs.endpoint,
    context: windows[window] ?? {},
    act: async (page) => {
      boxes = await page.evaluate<string[]>(`[...document.images].map((image) =>
        new URL(image.currentSrc).searchParams.get("img") + " " + image.clientWidth + "x" + image.clientHeight +
        (getComputedStyle(image).borderTopWidth === "3px" ? " border" : ""))`);
      return undefined;
    },
  });
  expect(problems.filter((problem) => !problem.includes("no-such-cover"))).toEqual([]);
  // The site was published again with a cover that does not exist.
  return boxes.filter((box) => !box.startsWith("no-such-cover"));
}
