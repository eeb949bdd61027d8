import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Browser, chromium, type Page, type Route } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAGE_MS } from "../../dev/page.ts";
import { type Built, createSite, hugos, moduleRoot, siteConfig } from "./hugo-site.ts";

const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath) || hugos.length === 0;
if (missing && process.env.CI) throw new Error(`CI must have Hugo and a browser: ${executablePath}`);

let browser: Browser;
let page: Page;
/** The site that the browser gets for https://blog.example/. */
let shown: Pick<Built, "files"> = { files: new Map() };
let headers: Readonly<Record<string, string>> = {};
/** Photographs arrive after this number of milliseconds. */
let held: Promise<void> = Promise.resolve();

beforeAll(async () => {
  if (missing) return;
  browser = await chromium.launch({
    executablePath,
    timeout: PAGE_MS,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  // The window is high enough that every lazy image is loaded.
  page = await browser.newPage({ viewport: { width: 1280, height: 4000 } });
  page.setDefaultTimeout(PAGE_MS);
  await page.route("**/*", answer);
});

afterAll(() => browser?.close());

describe("our stylesheet, as the manual has it,", async () => {
  const manual = await readFile(path.join(moduleRoot, "hugo-module/README.md"), "utf8");
  const stylesheet = await readFile(path.join(moduleRoot, "hugo-module/assets/imgproxy-lite.css"), "utf8");
  const linked = /`(\{\{[^`]*<link rel="stylesheet"[^`]*)`/.exec(manual)?.[1] ?? "";
  const inlined = /`(\{\{[^`]*<style>[^`]*)`/.exec(manual)?.[1] ?? "";
  const ways = {
    linked,
    inlined,
    minified: inlined.replace('lite.css"', 'lite.css" | minify'),
    untouched: "",
  };
  const head = '<head><meta charset="utf-8"><title>{{ .Title }}</title>';
  const site = Object.fromEntries(
    Object.entries(ways).flatMap(([name, lines]) => [
      [
        `layouts/${name}/single.html`,
        `<!doctype html><html>${head}${lines}</head><body>{{ .Content }}</body></html>`,
      ],
      [
        `content/${name}/a.md`,
        `---\ntitle: A\nimgproxy: {stylesheet: ${name === "untouched"}}\n---\nBefore the worms.\n\n![Worms](worms.jpg#center)\n`,
      ],
    ]),
  );

  test("our stylesheet contains nothing that could end a <style> around it", () => {
    // HTML's tokenizer: an end tag, a comment or another markup declaration begins like this.
    expect(stylesheet).not.toMatch(/<[/!?]/);
  });

  const builds = hugos.flatMap((hugo) =>
    [[], ["--minify"]].map((args) => [hugo.version, args, hugo] as const),
  );
  test.skipIf(missing).each(builds)(
    "our stylesheet applies and puts no text on the page, linked, inlined and by itself, on Hugo %s with %j",
    async (_, args, hugo) => {
      await using source = await createSite(site);
      const built = await source.build(hugo, { arguments: args });
      expect([built.errors, built.warnings]).toEqual([[], []]);
      shown = built;
      for (const name of Object.keys(ways)) {
        await page.goto(`https://blog.example/${name}/a/index.html`);
        const seen = await page.evaluate<object>(`({
          text: document.body.innerText.trim(),
          elements: [...document.body.querySelectorAll("*")].map((element) => element.localName).join(" "),
          rules: [...document.styleSheets].map((sheet) => sheet.cssRules.length),
          center: getComputedStyle(document.images[0]).display,
        })`);
        const rules = [stylesheet.match(/^\S.*\{/gm)?.length];
        const elements = name === "untouched" ? "p p link img" : "p p img";
        expect({ name, ...seen }).toEqual({
          name,
          text: "Before the worms.",
          elements,
          rules,
          center: "block",
        });
      }
    },
  );
});

describe("under a theme's rules for images,", () => {
  const sizes: Readonly<Record<string, readonly [number, number]>> = {
    "wide.jpg": [4000, 3000],
    "narrow.jpg": [600, 450],
    "small.jpg": [120, 90],
  };
  /** Boxes in a column of 700 pixels. */
  const column = { "wide.jpg": "700x525", "narrow.jpg": "600x450", "small.jpg": "120x90" };
  const low = { "wide.jpg": "533x400", "narrow.jpg": "533x400", "small.jpg": "120x90" };
  const themes = [
    { rule: "img { max-width: 100%; width: auto; height: auto }", boxes: column },
    { rule: "img { max-width: 100%; max-height: 400px; width: auto }", boxes: low },
    { rule: "img { max-width: 100%; max-height: 400px; width: auto; height: auto }", boxes: low },
  ];
  const keys = Object.keys(sizes);
  const images = (list: readonly string[]): string => list.map((key) => `![a](${key})\n`).join("\n");
  const said = "imgproxy: {sizes: '(min-width: 46rem) calc(40rem + min(4rem, 9vw)), 92vw'}";

  beforeAll(async () => {
    const [hugo] = hugos.slice(-1);
    if (missing || hugo === undefined) return;
    const layout = (css: string) =>
      `<!doctype html><style>body { width: 700px; margin: 0 } ${css}</style><body>{{ .Content }}`;
    const ours =
      '{{ with resources.Get "imgproxy-lite.css" }}<style>{{ .Content | safeCSS }}</style>{{ end }}';
    await using site = await createSite({
      "config.toml": siteConfig(
        '[params.imgproxy]\nendpoint = "https://images.example/"\nstylesheet = false\n[markup.goldmark.parser]\nwrapStandAloneImageWithinParagraph = false',
      ),
      "assets/imgproxy.json": JSON.stringify({
        schema: 1,
        images: Object.fromEntries(
          Object.entries(sizes).map(([key, [width, height]]) => [
            key,
            { width, height, version: "0123456789" },
          ]),
        ),
      }),
      ...Object.fromEntries(
        themes.flatMap(({ rule }, at) => [
          [`layouts/theme${at}/single.html`, layout(rule)],
          [`layouts/theme${at}-ours/single.html`, ours + layout(rule)],
          ...[`theme${at}`, `theme${at}-ours`].flatMap((section) => [
            [`content/${section}/auto.md`, images(["wide.jpg", ...keys])],
            [`content/${section}/small.md`, images(["small.jpg"])],
            [`content/${section}/said.md`, `---\n${said}\n---\n${images(keys)}`],
            [
              `content/${section}/around.md`,
              `---\nimgproxy: {lightbox: true}\n---\n${images(["wide.jpg", ...keys])}`,
            ],
          ]),
        ]),
      ),
    });
    shown = await site.build(hugo);
  });

  const sections = themes.flatMap(({ rule, boxes }, at) => [
    { rule, boxes, section: `theme${at}`, ours: "without" },
    { rule, boxes, section: `theme${at}-ours`, ours: "with" },
  ]);
  test.skipIf(missing).each(sections)(
    "$rule $ours our stylesheet, each image has its size and ratio, and with sizes=auto before it is loaded",
    async ({ section, boxes, ours }) => {
      for (const name of ["auto", "small", "said", ...(ours === "with" ? ["around"] : [])]) {
        const release = holdPhotographs();
        await page.goto(`https://blog.example/${section}/${name}/index.html`, {
          waitUntil: "domcontentloaded",
        });
        const before = await boxesOf('img[sizes^="auto"]');
        expect([name, before.length]).toEqual([name, name === "auto" || name === "around" ? 3 : 0]);
        expect(before.filter(({ key, box }) => box !== boxes[key as keyof typeof boxes])).toEqual([]);
        release();
        await page.waitForFunction(
          "[...document.images].every((image) => image.complete || !image.checkVisibility())",
        );
        const after = await boxesOf("img:not(.imgproxy-zoomed img)");
        expect(after.filter(({ key, box }) => box !== boxes[key as keyof typeof boxes])).toEqual([]);
      }
    },
  );

  test.skipIf(missing)(
    "an image keeps its size on a page that forbids inline styles and has our stylesheet",
    async () => {
      headers = { "content-security-policy": "style-src-attr 'none'" };
      for (const { section, boxes } of sections.filter(({ ours }) => ours === "with")) {
        await page.goto(`https://blog.example/${section}/auto/index.html`, { waitUntil: "domcontentloaded" });
        await page.waitForFunction("[...document.images].every((image) => image.complete)");
        expect(
          (await boxesOf("img")).filter(({ key, box }) => box !== boxes[key as keyof typeof boxes]),
        ).toEqual([]);
      }
      headers = {};
    },
  );

  test.skipIf(missing)("a lightbox does not enlarge a small photograph", async () => {
    await page.goto("https://blog.example/theme0-ours/around/index.html");
    await page.locator(".imgproxy-zoom").nth(3).click();
    await page.waitForFunction("document.querySelectorAll('.imgproxy-zoomed img')[3].complete");
    expect((await boxesOf(".imgproxy-zoomed img"))[3]).toEqual({ key: "small.jpg", box: "120x90" });
  });

  function holdPhotographs(): () => void {
    let release = (): void => undefined;
    held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  const boxesOf = (selector: string): Promise<{ readonly key: string; readonly box: string }[]> =>
    page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((image) => {
      const { width, height } = image.getBoundingClientRect();
      return { key: new URL(image.src).searchParams.get("img"), box: Math.round(width) + "x" + Math.round(height) };
    })`);
});

// --- what the browser asks for ---

/** The site's files, and photographs of 4:3 with the requested width, up to 4000 pixels. */
async function answer(route: Route): Promise<void> {
  const url = new URL(route.request().url());
  if (url.hostname === "blog.example") {
    const body = shown.files.get(url.pathname.slice(1));
    const contentType = url.pathname.endsWith(".css") ? "text/css" : "text/html";
    return route.fulfill(
      body === undefined ? { status: 404 } : { contentType, headers: { ...headers }, body },
    );
  }
  await held;
  const width = Number(url.searchParams.get("w"));
  const image = sharp({
    create: { width, height: Math.round(width * 0.75), channels: 3, background: "#357" },
  });
  // The test may have opened another page meanwhile.
  await route
    .fulfill({ contentType: "image/png", body: await image.png().toBuffer() })
    .catch(() => undefined);
}
