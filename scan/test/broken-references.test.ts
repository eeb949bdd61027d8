import { mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Hugo } from "../../dev/hugo.ts";
import { createSite, extremes, siteConfig, type TestSite } from "../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../proxy/test/stand-in.ts";
import { startScanProcess } from "./scan-process.ts";

const newest = extremes.at(-1);
const scanner = startScanProcess();
const proxy = await startStandIn({ "trips/alps.jpg": 600, "worms.jpg": 600 });

afterAll(async () => {
  await scanner[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

const config = (lines = "", endpoint = proxy.endpoint) =>
  siteConfig(`${lines}\n[params.imgproxy]\nendpoint = "${endpoint}"\n`);

async function write(
  site: TestSite,
  files: Readonly<Record<string, string>>,
  folder = "public",
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(site.folder, folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** A site whose built folder has these files. */
async function builtSite(
  built: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<TestSite> {
  const site = await createSite({ "config.toml": config(), ...files });
  await write(site, built);
  return site;
}

async function buildInto(site: TestSite, hugo: Hugo): Promise<void> {
  const built = await site.build(hugo);
  expect(built.errors).toEqual([]);
  await write(site, Object.fromEntries(built.files));
}

interface Checked {
  readonly code: number | null;
  /** `public/index.html:1:5: words` */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

async function check(site: TestSite, ...args: string[]): Promise<Checked> {
  const how = args.includes("--html") ? [] : ["--check", "public"];
  const { code, stdout, stderr } = await scanner.run(["--site", site.folder, ...how, "--json", ...args]);
  if (stdout === "") throw new Error(stderr);
  const { findings }: { findings: Record<string, string>[] } = JSON.parse(stdout);
  const of = (severity: string) =>
    findings
      .filter((one) => one.severity === severity)
      .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return { code, errors: of("error"), warnings: of("warning") };
}

/** The pictures that a check reports as missing. */
async function missing(site: TestSite, ...args: string[]): Promise<string[]> {
  const { errors } = await check(site, ...args);
  return errors.map((words) => /: (\S+) \(/.exec(words)?.[1] ?? words).sort();
}

test("every kind of reference to a missing image is found", async () => {
  await using site = await builtSite({
    "index.html": `<!doctype html><html><head>
<link rel="preload" as="image" href="/kinds/preload.jpg" imagesrcset="/kinds/preload-1.jpg 1x, /kinds/preload-2.jpg 2x">
<link rel="shortcut icon" href="/kinds/icon.png"><link rel=image_src href=/kinds/image_src.jpg>
<link rel="apple-touch-icon" href="/kinds/touch.png">
<meta property="og:image" content="https://blog.example/kinds/og.jpg">
<meta name="twitter:image" content="/kinds/twitter.jpg"><meta itemprop="image" content="/kinds/itemprop.jpg">
<script type="application/ld+json">{"@type":"BlogPosting","image":["https:\\/\\/blog.example/kinds/ld-list.jpg"],
"publisher":{"logo":{"@type":"ImageObject","url":"/kinds/ld-logo.png"},"url":"/no-picture"}}</script>
<style>.a{background:url( "/kinds/style.jpg" )} /* url(/comment.jpg) */ @font-face{src:url(/font.woff2)}</style>
</head><body background="/kinds/body.jpg">
<IMG SRC='/kinds/src.jpg' srcset="/kinds/set,1.jpg 480w,/kinds/set-2.jpg 800w">
<img class=lazy data-src=/kinds/data-src.jpg data-srcset="/kinds/data-set.jpg 2x">
<picture><source srcset="/kinds/source.jpg"></picture><video poster="/kinds/poster.jpg"></video>
<p style="background-image:url(&quot;/kinds/attribute.jpg&quot;)"><a href="/kinds/large.jpg">large</a>
<svg><image href="/kinds/svg.jpg"/></svg><input type="image" src="/kinds/input.png">
<noscript><img src="/kinds/noscript.jpg"></noscript>
<div style="background:image-set('/kinds/set-a.png' 1x, url(/kinds/set-b.png) 2x)"></div>
</body></html>`,
    "css/site.css": '.b{background:url(../kinds/css.jpg)}\n.c{mask:url("/kinds/m\\61sk.svg#m")}',
    "index.xml": `<?xml version="1.0"?><rss xmlns:media="m"><channel><image><url>https://blog.example/kinds/channel.png</url></image>
<item><link>https://blog.example/a/</link><enclosure url="/kinds/enclosure.jpg"/><media:content url="/kinds/media.jpg"/>
<description>&lt;img src=&#34;/kinds/escaped.jpg&#34;&gt;</description><content:encoded><![CDATA[<img src="/kinds/cdata.jpg">]]></content:encoded></item></channel></rss>`,
    "atom.xml": `<feed xmlns="a"><icon>/kinds/atom-icon.png</icon><entry><content type="html">&lt;img src="/kinds/atom.jpg"&gt;</content></entry></feed>`,
    "feed.json": `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","url":"https://blog.example/a/","image":"/kinds/json.jpg","content_html":"<img src=\\"/kinds/json-html.jpg\\">"}]}`,
    "search.json": `[{"image": "/kinds/no-feed.jpg"}]`,
  });
  const kinds = [
    ..."preload.jpg preload-1.jpg preload-2.jpg icon.png image_src.jpg touch.png og.jpg twitter.jpg itemprop.jpg".split(
      " ",
    ),
    ..."ld-list.jpg ld-logo.png style.jpg body.jpg src.jpg set,1.jpg set-2.jpg data-src.jpg data-set.jpg".split(
      " ",
    ),
    ..."source.jpg poster.jpg attribute.jpg large.jpg svg.jpg input.png noscript.jpg set-a.png set-b.png".split(
      " ",
    ),
    ..."css.jpg mask.svg channel.png enclosure.jpg media.jpg escaped.jpg cdata.jpg atom-icon.png atom.jpg".split(
      " ",
    ),
    ..."json.jpg json-html.jpg".split(" "),
  ];
  expect(await missing(site)).toEqual(kinds.map((name) => `kinds/${name}`).sort());
});

test("references that are not broken are not reported", async () => {
  await using site = await builtSite(
    {
      "index.html": `<!doctype html><base href="/deep/">
<img src="a.jpg"> <img src="../a.jpg?v=3#x"> <img src="my%20pic.jpg"> <img src="my pic.jpg"> <img src="100%.jpg">
<img src="gr%C3%BCn.jpg"> <img src="https://cdn.example/x.jpg"> <img src="//cdn.example/x.jpg"> <img src="data:image/gif;base64,AA">
<img src="blob:https://blog.example/1"> <img src="#"> <img src=""> <img> <img src="  /a.jpg
"> <img src="about:blank"> <a href="/post.jpg/">a page</a> <a href="/pretty.jpg">a folder</a>
<img src="HTTP://BLOG.EXAMPLE/a.jpg"> <img src="http://blog.example:80/a.jpg"> <img srcset="/a,b.jpg, /a.jpg 2x" src="/a.jpg">
<img srcset="/a.jpg 1x,/a,b.jpg 2x"> <img src="/q?a=1&amp;b=2"> <img src="/a.jpg&#63;x=&copy=2">
<template><img src="/nowhere.jpg"><style>a{background:url(/nowhere.jpg)}</style></template>
<!-- <img src="/nowhere.jpg"> --!> <!--> <img src="/a.jpg"> <!---> <textarea><img src="/nowhere.jpg"></textarea>
<script>const s = '<img src="/nowhere.jpg">';</script> <xmp><img src="/nowhere.jpg"></xmp> <title><img src=/nowhere.jpg></title>
<img src="{{ photo.url }}"> <img src="\${photo}"> <img src="/.netlify/images?url=/a.jpg"> <img src="/cdn-cgi/image/w=1/a.jpg">
<img src="${proxy.endpoint}?img=worms.jpg&amp;q=33"> <img src="/moved.jpg"> <img src="/old/x.jpg"> <img src="/away/y.jpg">
<img src="/toml.jpg"> <p style="background:url(data:image/svg+xml;utf8,<svg></svg>)"> <p style="mask:url(#m)">
<meta property="og:image" content=""> <meta name="description" content="/nowhere.jpg"> <link rel="stylesheet" href="/nowhere.css">`,
      "a.jpg": "",
      "a,b.jpg": "",
      q: "",
      "deep/a.jpg": "",
      "deep/my pic.jpg": "",
      "deep/100%.jpg": "",
      "deep/grün.jpg": "",
      "pretty.jpg/index.html": "",
      "post.jpg/index.html": "",
      "new/x.jpg": "",
      _redirects:
        "/moved.jpg /a.jpg 301\n/old/* /new/:splat 200!\n/away/* https://else.example/:splat # comment\n/* /404.html 404",
      "style.css":
        "a{background:url()} @import url(/nowhere.css); b{background:url(data:image/png;base64,AA)} c{behavior:url(/x.htc)}",
    },
    { "netlify.toml": '[[redirects]]\nfrom = "/toml.jpg"\nto = "/a.jpg"\nstatus = 200\n' },
  );
  await symlink("../a.jpg", path.join(site.folder, "public", "deep", "linked.jpg"));
  await write(site, { "linked.html": '<img src="/deep/linked.jpg">' });
  expect(await check(site)).toEqual({ code: 0, errors: [], warnings: [] });
});

test("a catch-all redirect to a page is not an image", async () => {
  await using site = await builtSite({
    "index.html": '<img src="/nowhere.jpg">',
    _redirects: "/* /index.html 200",
  });
  expect(await missing(site)).toEqual(["nowhere.jpg"]);
});

test("a broken image is one finding, however often it is named, at the first page and with its source", async () => {
  const page = '<p>\n  <img src="/gone.jpg"> <img src="/gone.jpg?v=2">';
  await using site = await builtSite(
    { "index.html": "", "posts/a/index.html": page, "posts/b/index.html": page, "index.xml": "" },
    { "content/posts/a.md": "---\ntitle: A\n---\n", "content/posts/c.md": "---\nslug: b\n---\n" },
  );
  expect((await check(site)).errors).toEqual([
    "public/posts/a/index.html:2:13: gone.jpg (<img src>) is not in the built site: correct the name, put the file into static/, or except it with --ignore gone.jpg; 4 references in 2 files; source page: content/posts/a.md",
  ]);
});

test("a name that differs only in capitals or forms of accents has its own message", async () => {
  await using site = await builtSite({
    "index.html": '<img src="/IMG/A.JPG"><img src="/gru%CC%88n.jpg">',
    "img/a.jpg": "",
    "gr\u00fcn.jpg": "",
  });
  const { code, errors } = await check(site);
  expect(code).toBe(1);
  expect(errors).toEqual([
    expect.stringContaining(
      "IMG/A.JPG (<img src>) is img/a.jpg in the built site: most hosts distinguish capitals",
    ),
    expect.stringContaining("is gr\u00fcn.jpg in the built site"),
  ]);
});

test("a missing image that the bucket has is reported with both remedies", async () => {
  await using site = await builtSite(
    {
      "posts/a/index.html":
        '<meta property="og:image" content="https://blog.example/trips/alps.jpg"><img src="/trips/alps.jpg"><img src="worms.jpg">',
    },
    { "content/posts/a.md": "---\nlead: trips/alps.jpg\n---\n" },
  );
  const { code, errors } = await check(site);
  expect(code).toBe(1);
  expect(errors).toEqual([
    expect.stringMatching(
      /trips\/alps\.jpg is in the bucket and not in the built site, and og:image names it without the proxy: run scan --check with --rewrite, or follow the theme's recipe .*; 2 references in 1 file; source page: content\/posts\/a\.md$/,
    ),
    expect.stringMatching(/worms\.jpg is in the bucket/),
  ]);
});

test("--ignore takes globs of images that may be missing, and an invalid one is named", async () => {
  await using site = await builtSite({ "index.html": '<img src="/demo/a/b.jpg"><img src="/other.jpg">' });
  expect(await missing(site, "--ignore", "/demo/**")).toEqual(["other.jpg"]);
  expect(await missing(site, "--ignore", "demo/**", "--ignore", "*.jpg")).toEqual([]);
  const { code, stderr } = await scanner.run(["--site", site.folder, "--check", "public", "--ignore", "{a"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--ignore takes a glob")]);
});

test("an image outside of baseURL's path is an error if the site has it", async () => {
  await using site = await builtSite(
    {
      "index.html": '<img src="/img/a.jpg"><img src="/blog/img/a.jpg"><img src="/elsewhere.jpg">',
      "img/a.jpg": "",
    },
    { "config.toml": config().replace("blog.example/", "blog.example/blog/") },
  );
  expect((await check(site)).errors).toEqual([
    expect.stringContaining("/img/a.jpg (<img src>) is outside of baseURL's path"),
  ]);
});

test("a site built with another --baseURL is checked with that one", async () => {
  await using site = await builtSite({
    "index.html":
      '<img src="/repo/a.jpg"><img src="https://me.github.example/repo/a.jpg"><img src="/repo/gone.jpg">',
    "sitemap.xml": "<urlset><url><loc>https://me.github.example/repo/posts/a/</loc></url></urlset>",
    "posts/a/index.html": "",
    "a.jpg": "",
  });
  expect(await missing(site)).toEqual(["gone.jpg"]);
});

test("a failed build is reported", async () => {
  await using site = await createSite({ "config.toml": config(), "content/a.md": "---\ntitle: A\n---\n" });
  const run = () => scanner.run(["--site", site.folder, "--check", "public"]);
  expect(await run()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("does not exist: hugo has not run, or has failed"),
  });
  await write(site, { "img/a.jpg": "" });
  expect(await run()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("contains no HTML: hugo has not run, or has failed"),
  });
  await write(site, { "a/index.html": "" });
  const long = new Date(Date.now() - 3_600_000);
  await utimes(path.join(site.folder, "public/a/index.html"), long, long);
  expect(await check(site)).toMatchObject({
    code: 0,
    warnings: [
      expect.stringContaining("every page of the built site is older than content/a.md: has hugo failed"),
    ],
  });
  await rm(path.join(site.folder, "content"), { recursive: true });
  expect((await check(site)).warnings).toEqual([]);
});

const layouts = {
  "layouts/_default/baseof.html": `<!doctype html><html><head><link rel="icon" href="{{ "icon.png" | relURL }}">
<meta property="og:image" content="{{ "img/a.jpg" | absURL }}"></head><body style="background:url({{ "img/a.jpg" | absURL }})">
<img src="{{ "img/a.jpg" | relURL }}"><img src="/img/a.jpg">{{ block "main" . }}{{ end }}</body></html>`,
  "layouts/_default/single.html": '{{ define "main" }}{{ .Content }}{{ end }}',
  "layouts/_default/list.html": '{{ define "main" }}{{ .Content }}{{ end }}',
  "layouts/404.html": '{{ define "main" }}{{ end }}',
  "static/icon.png": "",
  "static/img/a.jpg": "",
  "assets/local.jpg": "",
  "content/posts/b/index.md": "---\ntitle: B\n---\n![](beside.jpg)\n",
  "content/posts/b/beside.jpg": "",
};

test.runIf(newest).each([
  ["canonifyURLs", 'canonifyURLs = true\nbaseURL = "https://blog.example/blog/"'],
  ["relativeURLs", "relativeURLs = true"],
  ["uglyURLs", "uglyURLs = true"],
  ["a baseURL without a host", 'baseURL = "/"'],
  [
    "a host for each language",
    '[languages.en]\nbaseURL = "https://blog.example/"\n[languages.fr]\nbaseURL = "https://fr.example/blog/"\n',
  ],
  ["languages below one host", "defaultContentLanguageInSubdir = true\n[languages.en]\n[languages.fr]\n"],
])("a site that Hugo builds with %s has no false alarm, and a broken image is found", async (name, lines) => {
  if (newest === undefined) return;
  const root = lines.startsWith("[") ? "" : lines;
  const tables = lines.startsWith("[") ? lines : "";
  const [keys = "", own = ""] = name.startsWith("languages")
    ? [lines.split("\n")[0], lines.replace(/^.*\n/, "")]
    : [root, tables];
  const baseUrl = keys.includes("baseURL") ? "" : 'baseURL = "https://blog.example/"';
  const isBelow = /\/blog\/"/.test(lines) && !lines.startsWith("canonify") && !lines.startsWith("relative");
  await using site = await createSite({
    ...layouts,
    ...(isBelow && {
      "layouts/_default/baseof.html": layouts["layouts/_default/baseof.html"].replace(
        '<img src="/img/a.jpg">',
        "",
      ),
    }),
    "config.toml": config(own).replace(/^baseURL.*$/m, `${baseUrl}\n${keys}`),
  });
  await buildInto(site, newest);
  expect(await check(site)).toMatchObject({ code: 0, errors: [] });
  await writeFile(
    path.join(site.folder, "layouts/_default/baseof.html"),
    '<img src="{{ "img/gone.jpg" | relURL }}">',
  );
  await buildInto(site, newest);
  const found = await missing(site);
  expect(found.map((file) => file.replace(/^(?:en|fr)\//, ""))).toEqual(found.map(() => "img/gone.jpg"));
  expect(found.length).toBeGreaterThan(0);
});

test.runIf(newest)(
  "another theme's hook is named if it shows a photograph, and not if it shows none",
  async () => {
    if (newest === undefined) return;
    await using site = await createSite({
      "config.toml": config(),
      "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n",
      "content/notes/b.md": "---\ntitle: B\n---\nno picture\n",
      "layouts/notes/_markup/render-image.html": '<img src="{{ .Destination }}">',
    });
    await scanner.run(["--site", site.folder]);
    await buildInto(site, newest);
    expect(await check(site)).toEqual({ code: 0, errors: [], warnings: [] });
    await writeFile(path.join(site.folder, "content/notes/b.md"), "---\ntitle: B\n---\n![](worms.jpg)\n");
    await buildInto(site, newest);
    expect(await check(site)).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/notes\/b\/index\.html:1:\d+: worms\.jpg is in the bucket/)],
      warnings: [
        expect.stringContaining(
          "layouts/notes/_markup/render-image.html is used instead of the module's hook",
        ),
      ],
    });
  },
);
