import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseQuery } from "../../contract/url/request.ts";
import { verify } from "../../contract/url/signature.ts";
import {
  createSite,
  extremes,
  siteConfig,
  type TestSite,
  unescapeHtml,
} from "../../hugo-module/test/hugo-site.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { startScanProcess } from "./scan-process.ts";

const newest = extremes.at(-1);
const scanner = startScanProcess();
let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "rewrite-photos-"));
  await mkdir(path.join(photos, "trips"));
  for (const [name, width] of [
    ["trips/alps.jpg", 700],
    ["worms.jpg", 60],
    ["lake view.jpg", 60],
  ] as const)
    await sharp({ create: { width, height: 40, channels: 3, background: "teal" } })
      .jpeg()
      .toFile(path.join(photos, name));
  server = await startServer(photos, { VARIANTS: "listed" });
});

afterAll(async () => {
  await scanner[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const config = (lines = "") =>
  siteConfig(`${lines}\n[params.imgproxy]\nendpoint = "${server.endpoint}"\nsizes = "50vw"\n`);

async function builtSite(
  built: Readonly<Record<string, string | Uint8Array>>,
  files: Readonly<Record<string, string>> = {},
): Promise<TestSite> {
  const below = Object.entries(built).map(([name, text]) => [`public/${name}`, text]);
  return createSite({ "config.toml": config(), ...files, ...Object.fromEntries(below) });
}

async function rewrite(site: TestSite, ...args: string[]) {
  const { code, stdout, stderr } = await scanner.run(
    ["--site", site.folder, "--check", "public", "--rewrite", "--json", "--effort", "0", ...args],
    { env: { TOKEN: server.token } },
  );
  if (stdout === "") throw new Error(stderr);
  const { findings, summary } = JSON.parse(stdout);
  const errors: string[] = findings
    .filter(({ severity }: { severity: string }) => severity === "error")
    .map(({ file, message }: { file: string; message: string }) => `${file}: ${message}`);
  return { code, errors, rewritten: summary.rewritten };
}

function read(site: TestSite, name: string): Promise<string> {
  return readFile(path.join(site.folder, "public", name), "utf8");
}

/** What a URL of the server asks for, without its version. */
function asked(url: string) {
  const { version: _, ...request } = parseQuery(url.split("?")[1] ?? "");
  return request;
}

function attributes(tag: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(tag.matchAll(/ ([a-z-]+)="([^"]*)"/g), ([, name = "", value = ""]) => [
      name,
      unescapeHtml(value),
    ]),
  );
}

async function statuses(urls: readonly string[]): Promise<number[]> {
  return Promise.all(urls.map(async (url) => (await fetch(url)).status));
}

test.runIf(newest)(
  "covers that a theme prints itself work after a rewrite, on a server with VARIANTS=listed",
  async () => {
    if (newest === undefined) return;
    await using site = await createSite({
      "config.toml": config("[markup.goldmark.renderer]\nunsafe = true"),
      "layouts/_default/single.html": `<html><head><meta property="og:image" content="{{ .Params.cover | absURL }}">
<script type="application/ld+json">{"image": {{ .Params.cover | absURL }}}</script></head>
<body><img class="cover" src="{{ .Params.cover | relURL }}" alt="a &amp; b"/>{{ .Content }}<p style="background:url('{{ .Params.cover | relURL }}')"></body></html>`,
      "content/posts/a.md":
        '---\ntitle: A\ncover: trips/alps.jpg?focus=10,20\n---\n<img src="/worms.jpg">\n\n![](worms.jpg)\n',
    });
    await scanner.run(["--site", site.folder, "--effort", "0"], { env: { TOKEN: server.token } });
    const built = await site.build(newest);
    for (const [name, text] of built.files) {
      await mkdir(path.dirname(path.join(site.folder, "public", name)), { recursive: true });
      await writeFile(path.join(site.folder, "public", name), text);
    }
    expect(await rewrite(site)).toMatchObject({ code: 0, errors: [], rewritten: { files: 3 } });
    const html = await read(site, "posts/a/index.html");
    const [cover = "", raw = ""] = html.match(/<img [^>]*>/g) ?? [];
    const { src = "", srcset = "", ...rest } = attributes(cover);
    expect(rest).toEqual({
      class: "cover",
      alt: "a & b",
      sizes: "min(50vw, 700px)",
      width: "700",
      height: "40",
      style: "object-position:10% 20%",
      "data-focus": "10% 20%",
      loading: "eager",
    });
    expect(asked(src)).toEqual({ key: "trips/alps.jpg", quality: 72, width: 480 });
    const candidates = srcset.split(", ").map((one) => one.split(" "));
    expect(candidates.map(([, descriptor]) => descriptor)).toEqual(["480w", "700w"]);
    expect(attributes(raw)).toMatchObject({ width: "60", loading: "lazy" });
    const social = unescapeHtml(/og:image" content="([^"]*)"/.exec(html)?.[1] ?? "");
    expect(asked(social)).toMatchObject({
      ...{ key: "trips/alps.jpg", format: "jpg", ratio: "40:21", width: 76 },
    });
    expect(JSON.parse(/ld\+json">(.*?)<\/script>/.exec(html)?.[1] ?? "")).toEqual({ image: social });
    const background = unescapeHtml(
      /url\(&#39;([^)]*)&#39;\)|url\('([^)]*)'\)/.exec(html)?.slice(1).join("") ?? "",
    );
    expect(asked(background)).toEqual({ key: "trips/alps.jpg", format: "jpg", quality: 75, width: 700 });
    const feed = await read(site, "posts/index.xml");
    expect(feed).toContain(`img src=&#34;${server.endpoint}?img=worms.jpg`);
    expect(await statuses([src, social, background, ...candidates.map(([url = ""]) => url)])).toEqual([
      200, 200, 200, 200, 200,
    ]);
    expect(await statuses([`${server.endpoint}?img=trips%2Falps.jpg&q=33`])).toEqual([404]);

    const before = await stat(path.join(site.folder, "public/posts/a/index.html"));
    expect(await rewrite(site)).toMatchObject({
      code: 0,
      errors: [],
      rewritten: { files: 0, references: 0 },
    });
    expect((await stat(path.join(site.folder, "public/posts/a/index.html"))).ino).toBe(before.ino);
  },
);

test("a rewrite changes nothing else, and quoted, commented and scripted images stay", async () => {
  const around = (
    inner: string,
  ) => `\ufeff<!DOCTYPE HTML>\r\n<P CLASS = x>\t${inner}</p>\r\n<!-- <img src="/worms.jpg"> -->
<pre><img src="/worms.jpg"></pre><code><img src="/worms.jpg"></code><script>var a = '<img src="/worms.jpg">'</script>
<img src="/there.jpg"><img src="https://cdn.example/worms.jpg"><img src="/absent.jpg"> &nbsp;&#x41;\n`;
  await using site = await builtSite({
    "index.html": around("<IMG\n src = '/worms.jpg'  alt=x >"),
    "there.jpg": "",
    "plain/index.html": "<p>\r\n",
  });
  await chmod(path.join(site.folder, "public/index.html"), 0o640);
  const { errors } = await rewrite(site);
  const html = await read(site, "index.html");
  const [tag = ""] = /<IMG[^>]*>/.exec(html) ?? [];
  expect(html).toBe(around(tag));
  expect(tag).toMatch(
    /^<IMG\n src = 'http[^']*' srcset="[^"]*" sizes="[^"]*" width="60" height="40" loading="eager" {2}alt=x >$/,
  );
  expect(errors).toEqual([
    expect.stringContaining("worms.jpg is in the bucket and not in the built site"),
    expect.stringContaining("absent.jpg (<img src>) is not in the built site"),
  ]);
  expect((await stat(path.join(site.folder, "public/index.html"))).mode & 0o777).toBe(0o640);
});

test("a rewrite that adds widths and heights to a page also adds the module's stylesheet, if the site has it", async () => {
  const page = '<html><head><title>x</title></head><body><img src="/worms.jpg"></body></html>';
  await using site = await builtSite({
    "a.html": page,
    "b.html": page.replace("<title>", '<link rel="stylesheet" href="/imgproxy-lite.1f.css"><title>'),
    "imgproxy-lite.1f.css": "",
  });
  expect(await rewrite(site)).toMatchObject({ code: 0, rewritten: { files: 2 } });
  for (const name of ["a.html", "b.html"])
    expect(
      (await read(site, name)).match(/<link rel="stylesheet" href="\/imgproxy-lite.1f.css">/g),
    ).toHaveLength(1);
});

test("a file of the built site always wins over the bucket", async () => {
  const page = '<img src="/worms.jpg"><img src="worms.jpg">';
  await using site = await builtSite({ "index.html": page, "worms.jpg": "own" });
  expect(await rewrite(site)).toMatchObject({ code: 0, rewritten: { files: 0, references: 0 } });
  expect(await read(site, "index.html")).toBe(page);
});

test("every form of reference is rewritten with its own escapes", async () => {
  await using site = await builtSite({
    "index.html": `<link rel=icon href=/worms.jpg><link rel="preload" as="image" href="/trips/alps.jpg">
<img class=lazy src="/there.svg" data-src="/trips/alps.jpg" data-srcset="/trips/alps.jpg, /trips/alps.jpg 1.5x" data-sizes=auto>
<picture><source srcset="/trips/alps.jpg" media="(min-width: 1px)"><img src=/worms.jpg></picture>
<img srcset="/worms.jpg 480w, /trips/alps.jpg 600w" sizes="9px" width=1 loading=lazy>
<a href="/lake%20view.jpg"><video poster="lake view.jpg"></video></a><style>a{background:url(/worms.jpg)}</style>`,
    "there.svg": "",
    "s.css": 'b{background:url( "worms.jpg" )}',
    "index.xml": `<rss><channel><item><link>https://blog.example/</link><enclosure url="/worms.jpg"/><description>&lt;img src=&#34;/worms.jpg&#34;&gt;</description>
<content:encoded><![CDATA[<img src='/trips/alps.jpg'>]]></content:encoded></item></channel></rss>`,
    "feed.json": `{"version":"https://jsonfeed.org/version/1","items":[{"image":"https:\\/\\/blog.example\\/worms.jpg","content_html":"<img src=\\"/worms.jpg\\">"}]}`,
  });
  expect(await rewrite(site)).toMatchObject({ code: 0, errors: [] });
  const html = await read(site, "index.html");
  expect(html).toMatch(/<link rel=icon href="http[^"]*fm=png&amp;img=worms.jpg[^"]*">/);
  expect(html).toMatch(
    /as="image" href="http[^"]*w=480" imagesrcset="[^"]* 700w" imagesizes="min\(50vw, 700px\)">/,
  );
  expect(html).toMatch(
    /src="\/there.svg" data-src="http[^"]*" data-srcset="[^"]*480w, [^"]*700w" width="700" height="40" data-sizes=auto>/,
  );
  expect(html).toMatch(/<source srcset="[^"]*480w, [^"]*700w" sizes="[^"]*" media/);
  expect(html).toMatch(
    /<img srcset="\S*img=worms.jpg\S* 480w, \S*img=trips\S*w=700 600w" sizes="9px" width=1 loading=lazy>/,
  );
  expect(html).toMatch(
    /<a href="http[^"]*img=lake\+view.jpg[^"]*"><video poster="http[^"]*fm=jpg&amp;img=lake\+view.jpg/,
  );
  expect(html).toMatch(/background:url\(http[^&)]*fm=jpg&img=worms.jpg/);
  expect(await read(site, "s.css")).toMatch(
    /^b\{background:url\( "http[^"]*fm=jpg&img=worms.jpg[^"]*" \)\}$/,
  );
  const feed = await read(site, "index.xml");
  expect(feed).toMatch(/<enclosure url="http[^"]*&amp;img=worms/);
  expect(feed).toMatch(/&lt;img src=&#34;http[^"&]*img=worms.jpg&amp;amp;q=72/);
  expect(feed).toMatch(/CDATA\[<img src='http[^']*&amp;w=480'>\]/);
  const { items } = JSON.parse(await read(site, "feed.json"));
  expect(items[0].image).toMatch(/^http.*img=worms.jpg/);
  expect(items[0].content_html).toMatch(/^<img src="http[^"]*img=worms.jpg[^"]*">$/);
});

const hash = createHash("sha256").update("x").digest("base64");

test.each([
  [
    "integrity",
    "s.css",
    {
      "index.html": `<link rel=stylesheet href="/s.css?v=1" integrity="sha256-${hash}">`,
      "s.css": "a{background:url(/worms.jpg)}",
    },
  ],
  [
    "Content-Security-Policy",
    "index.html",
    {
      "index.html": `<meta http-equiv="Content-Security-Policy" content="style-src 'sha256-${hash}'"><style>a{background:url(/worms.jpg)}</style>`,
    },
  ],
  [
    "_headers",
    "a/index.html",
    {
      _headers: `/a/*\n  Content-Security-Policy: style-src 'sha256-${hash}'\n`,
      "a/index.html": '<img src="/worms.jpg">',
    },
  ],
  [
    "sw.js has its revision",
    "a/index.html",
    {
      "sw.js": 'precache([{"revision":"1f","url":"a/index.html"},{url:"b.html",revision:null}])',
      "a/index.html": '<img src="/worms.jpg">',
    },
  ],
  [
    "index.html.gz would not match",
    "a/index.html",
    { "a/index.html.gz": "", "a/index.html": '<img src="/worms.jpg">' },
  ],
  [
    "index.html.br would not match",
    "a/index.html",
    { "a/index.html.br": "", "a/index.html": '<img src="/worms.jpg">' },
  ],
  ["not UTF-8", "a/index.html", { "a/index.html": Buffer.from('<img src="/worms.jpg">\xe9', "latin1") }],
])("a rewrite leaves a file unchanged, with an error, because of %s", async (reason, file, built) => {
  await using site = await builtSite({ "b.html": '<img src="/worms.jpg">', ...built });
  const before = await readFile(path.join(site.folder, "public", file));
  const { code, errors } = await rewrite(site);
  expect([code, errors]).toEqual([
    1,
    [expect.stringMatching(new RegExp(`--rewrite leaves ${file} as it is: .*${reason}`))],
  ]);
  expect((await readFile(path.join(site.folder, "public", file))).equals(before)).toBe(true);
  expect(await read(site, "b.html")).toContain(server.endpoint);
});

test("a rewrite changes nothing outside of the folder, and follows no link", async () => {
  const page = '<img src="/worms.jpg">';
  await using site = await builtSite({ "index.html": page }, { "outside/a.html": page, "b.html": page });
  await symlink("../outside", path.join(site.folder, "public/linked"));
  await symlink("../b.html", path.join(site.folder, "public/b.html"));
  expect(await rewrite(site)).toMatchObject({ code: 0, rewritten: { files: 1 } });
  expect(await readFile(path.join(site.folder, "outside/a.html"), "utf8")).toBe(page);
  expect(await readFile(path.join(site.folder, "b.html"), "utf8")).toBe(page);
});

test("rewritten URLs are signed if the site signs", async () => {
  await using site = await builtSite(
    { "index.html": '<meta property="og:image" content="/worms.jpg">' },
    { "config.toml": config().replace("sizes =", "sign = true\nsizes =") },
  );
  await scanner.run(["--site", site.folder, "--html", "public", "--rewrite"], {
    env: { TOKEN: server.token, HUGO_IMGPROXY_KEY: "a-key" },
  });
  const url = unescapeHtml(/content="([^"]*)"/.exec(await read(site, "index.html"))?.[1] ?? "");
  expect(verify(parseQuery(url.split("?")[1] ?? ""), ["a-key"])).toBe(true);
});

test("--rewrite needs a built site, and a built site excludes --dry-run", async () => {
  const words = async (...args: string[]) => (await scanner.run(args)).stderr;
  expect(await words("--rewrite")).toContain("--rewrite changes a built site: name its folder with --check");
  expect(await words("--check", "public", "--dry-run")).toContain("--dry-run and --check exclude each other");
  expect(await words("--html", "public", "--dry-run")).toContain("--dry-run and --html exclude each other");
});
