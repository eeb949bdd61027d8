import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { browserAccept } from "../../contract/accept.ts";
import {
  lookAtImages,
  PAGE_MS,
  type Shown,
  scrollThrough,
  timeOfPaint,
  waitForImages,
  watchShifts,
} from "../page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing && process.env.CI) throw new Error(`CI must have a browser: there is no ${executablePath}`);
if (missing)
  console.log(`there is no ${executablePath}: browser tests are skipped (apt-get install chromium)`);

const switches = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];

/** Set this variable to a folder to keep pictures of the pages. */
const screenshots = process.env.SCREENSHOTS;

const example = join(root, "hugo-module/exampleSite");

/**
 * Until the demo has printed its addresses: the first one on a machine downloads Hugo and makes every variant. Its encoders get only
 * idle time, of which other tests leave little: only what hangs takes as long.
 */
const START_MS = 2_400_000;

let folder: string;
let demo: ChildProcess;
let demoEnded: Promise<unknown[]>;
let output: string;
let blog: string;
let photograph: string;
let browser: Browser;
let before: readonly string[];

beforeAll(async () => {
  before = await filesOf(example);
  folder = await mkdtemp(join(tmpdir(), "demo-"));
  // As in a fresh clone, but that no photograph is tuned, which would be half of the work.
  const args = [join(root, "dist/dev/demo.js"), "--folder", folder, "--tune-budget", "0s"];
  demo = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  demoEnded = once(demo, "exit");
  [blog, photograph, output] = await addresses(demo);
  if (!missing) browser = await chromium.launch({ executablePath, args: switches, timeout: PAGE_MS });
}, START_MS + PAGE_MS);

afterAll(async () => {
  await browser?.close();
  demo.kill("SIGTERM");
  await demoEnded;
  // A sweep of the cache can outlive its server, and write its note meanwhile.
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, PAGE_MS);

test("npm run demo shows a blog whose images are warm in every tier", async () => {
  expect(output).toMatch(/\d+ variants: 0 were there, \d+ made, 0 failed/);
  expect((await fetch(photograph)).headers.get("content-type")).toBe("image/jpeg");
  const page = await (await fetch(`${blog}posts/worms/`)).text();
  const [, srcset = ""] = /<img [^>]*srcset="([^"]+)"/.exec(page) ?? [];
  const tiers = srcset.split(", ").map((tier) => tier.replaceAll("&amp;", "&").replace(/ \d+w$/, ""));
  expect(tiers.length).toBeGreaterThan(3);
  for (const tier of tiers) {
    const { headers } = await fetch(tier, { headers: { accept: browserAccept.avif } });
    expect([headers.get("content-type"), headers.get("cache-status")]).toEqual([
      "image/avif",
      "imgproxy-lite; hit",
    ]);
  }
});

test.skipIf(missing).each([
  { name: "phone", width: 390, height: 844, density: 1, tier: 480 },
  { name: "phone", width: 390, height: 844, density: 2, tier: 800 },
  { name: "desktop", width: 1280, height: 900, density: 1, tier: 1200 },
  { name: "desktop", width: 1280, height: 900, density: 2, tier: 2000 },
])(
  "a $name at $density× gets AVIF of $tier px, and the page does not jump while it loads",
  async (screen) => {
    const { name, width, height, density, tier } = screen;
    const page = await openPage({ viewport: { width, height }, deviceScaleFactor: density });
    const types: string[] = [];
    page.on("response", (response) => {
      if (response.url().includes("?img=")) types.push(response.headers()["content-type"] ?? "");
    });
    await page.addInitScript(watchShifts);
    await page.goto(`${blog}posts/worms/`, { waitUntil: "domcontentloaded" });
    await waitForImages(page);
    await expect.poll(() => types).toEqual(["image/avif"]);
    const [image] = await page.evaluate<Shown[]>(lookAtImages);
    expect(image?.pixels).toBe(tier);
    expect(image?.url).toContain("?img=worms.jpg&");
    expect(await page.evaluate("shiftedSince(0)")).toBe(0);
    if (screenshots !== undefined)
      await page.screenshot({ path: join(screenshots, `${name}-${density}x.png`) });
    await page.close();
  },
);

test.skipIf(missing).each(["light", "dark"] as const)(
  "the %s blog decodes every image of every post, and no page jumps",
  async (colorScheme) => {
    const page = await openPage({ viewport: { width: 1280, height: 900 }, colorScheme });
    await page.addInitScript(watchShifts);
    const posts = (await readdir(join(example, "content/posts"))).map((file) => file.replace(".md", ""));
    for (const post of ["", ...posts.filter((name) => name !== "_index")]) {
      await page.goto(post === "" ? blog : `${blog}posts/${post}/`, { waitUntil: "domcontentloaded" });
      const painted = await page.evaluate<number>(timeOfPaint);
      await page.evaluate(scrollThrough);
      await waitForImages(page);
      const images = await page.evaluate<Shown[]>(lookAtImages);
      expect(images.length).toBeGreaterThan(0);
      expect(images.filter(({ pixels }) => pixels === 0)).toEqual([]);
      expect(await page.evaluate(`shiftedSince(${painted})`)).toBe(0);
      const path = join(screenshots ?? "", `${colorScheme}-${post}.png`);
      if (screenshots !== undefined) await page.screenshot({ path, fullPage: true });
    }
    await page.close();
  },
);

test("Ctrl-C ends the server and hugo with exit code 0", async () => {
  demo.kill("SIGINT");
  expect(await demoEnded).toEqual([0, null]);
  await expect(fetch(blog)).rejects.toThrow();
  await expect(fetch(photograph)).rejects.toThrow();
});

test("npm run demo writes nothing into the example blog, which belongs to the repository", async () => {
  expect(await filesOf(example)).toEqual(before);
});

/** Every file and folder, with its time. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return Promise.all(
    entries.sort().map(async (name) => `${name} ${(await stat(join(folder, name))).mtime.toISOString()}`),
  );
}

async function openPage(options: Parameters<Browser["newPage"]>[0]): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(PAGE_MS);
  return page;
}

/** The addresses of the blog and of a photograph, from the last lines that the demo prints, and all of them. */
async function addresses(demo: ChildProcess): Promise<[blog: string, photograph: string, output: string]> {
  let output = "";
  demo.stdout?.on("data", (chunk) => {
    output += String(chunk);
  });
  await vi
    .waitUntil(() => output.includes("Ctrl-C") || demo.exitCode !== null, { timeout: START_MS })
    .catch(() => undefined);
  const [, blog] = /The blog +(http:\S+)/.exec(output) ?? [];
  const [, photograph] = /A photograph +(http:\S+)/.exec(output) ?? [];
  if (blog === undefined || photograph === undefined)
    throw new Error(
      `the demo ended or took ${START_MS / 60_000} minutes before it printed its addresses:\n${output}`,
    );
  return [blog, photograph, output];
}
