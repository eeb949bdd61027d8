import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Blog, startBlog } from "./blog.ts";

const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing && process.env.CI) throw new Error(`CI must have a browser: there is no ${executablePath}`);
if (missing)
  console.log(
    `there is no ${executablePath}: the browser test is skipped (Debian: apt-get install chromium)`,
  );

const switches = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];

/** Set it to a folder to look at the pages. */
const screenshots = process.env.SCREENSHOTS;

const screens = [
  { name: "phone", width: 390, height: 844, density: 1, tier: 480 },
  { name: "phone", width: 390, height: 844, density: 2, tier: 800 },
  { name: "desktop", width: 1280, height: 900, density: 1, tier: 1200 },
  { name: "desktop", width: 1280, height: 900, density: 2, tier: 2000 },
] as const;

let folder: string;
let blog: Blog;
let browser: Browser;

beforeAll(async () => {
  if (missing) return;
  folder = await mkdtemp(join(tmpdir(), "browser-"));
  blog = await startBlog(folder);
  browser = await chromium.launch({ executablePath, args: switches });
  // The first run on a machine downloads Hugo.
}, 600_000);

afterAll(async () => {
  if (missing) return;
  await browser.close();
  await blog.stop();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(missing).each(screens)(
  "a $name at $density× gets AVIF of $tier px, and nothing moves while it loads",
  async ({ name, width, height, density, tier }) => {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: density });
    const page = await context.newPage();
    const types: string[] = [];
    page.on("response", (response) => {
      if (response.url().startsWith(blog.images)) types.push(response.headers()["content-type"] ?? "");
    });
    await page.addInitScript(watchShifts);
    await page.goto(`${blog.pages}posts/worms/`, { waitUntil: "networkidle" });
    expect(types).toEqual(["image/avif"]);
    const [image] = await page.evaluate<Shown[]>(lookAtImages);
    expect(image?.pixels).toBe(tier);
    expect(image?.url).toContain("img=worms.jpg&q=");
    expect(await page.evaluate("shifted")).toBe(0);
    if (screenshots !== undefined)
      await page.screenshot({ path: join(screenshots, `${name}-${density}x.png`) });
    await context.close();
  },
);

test.skipIf(missing).each(["light", "dark"] as const)(
  "the %s blog decodes every image of every post",
  async (scheme) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: scheme });
    const page = await context.newPage();
    await page.addInitScript(watchShifts);
    for (const post of ["", ...blog.posts]) {
      await page.goto(`${blog.pages}${post}`);
      await page.evaluate(scrollThrough);
      await page.waitForFunction(allComplete);
      const images = await page.evaluate<Shown[]>(lookAtImages);
      expect(images.filter(({ pixels }) => pixels === 0)).toEqual([]);
      expect(images.length).toBeGreaterThan(0);
      expect(await page.evaluate("shifted")).toBe(0);
      const path = join(screenshots ?? "", `${scheme}-${post.split("/").at(-2) ?? "home"}.png`);
      if (screenshots !== undefined) await page.screenshot({ path, fullPage: true });
    }
    await context.close();
  },
);

// --- in the page, which is not this program's to type ---

/** Sums what Cumulative Layout Shift is made of, from before the first paint. */
const watchShifts = `
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) globalThis.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
`;

const allComplete = "[...document.images].every((image) => image.complete)";

interface Shown {
  readonly url: string;
  /** Pixels across the file that is shown; 0 when it could not be decoded. */
  readonly pixels: number;
}

/** An image's own naturalWidth is divided by what srcset implies, so its file is decoded once more. */
const lookAtImages = `
  Promise.all([...document.querySelectorAll("main img")].map(async (image) => {
    const file = new Image();
    file.src = image.currentSrc;
    await file.decode();
    return { url: file.src, pixels: image.naturalWidth && file.naturalWidth };
  }))
`;

const scrollThrough = `
  (async () => {
    for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
      scrollTo(0, top);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    scrollTo(0, 0);
  })()
`;
