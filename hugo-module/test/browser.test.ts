import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium, type Page, type Route } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ExampleBlog, startExampleBlog } from "../../dev/example-blog.ts";
import {
  lookAtImages,
  PAGE_MS,
  type Shown,
  scrollThrough,
  waitForImages,
  watchShifts,
} from "../../dev/page.ts";
import { extremes, hugos } from "./hugo-site.ts";

const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath) || hugos.length === 0;
if (missing && process.env.CI) throw new Error(`CI must have Hugo and a browser: ${executablePath}`);
if (missing)
  console.log(`without Hugo and ${executablePath} the browser tests are skipped (apt-get install chromium)`);

/** Cases that the example site does not have, on pages of this test. */
const pages = {
  "feature/density.md": '---\n---\n{{< img src="portrait.jpg" fixed="96" alt="Beeches" >}}',
  "feature/narrow.md":
    '---\n---\n{{< img src="trips/alps.jpg" narrow="trips/harbour.jpg" alt="Mountains" >}}',
  "feature/lightbox.md":
    "---\nimgproxy: { lightbox: true }\n---\n![Glow-worms](worms.jpg)\n\nBetween them.\n\n![The harbour](trips/harbour.jpg)\n",
};

let blog: ExampleBlog;
let browser: Browser;

beforeAll(async () => {
  const newest = extremes.at(-1);
  if (missing || newest === undefined) return;
  blog = await startExampleBlog(newest, pages);
  browser = await chromium.launch({
    executablePath,
    timeout: PAGE_MS,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});

afterAll(async () => {
  await browser?.close();
  await blog?.[Symbol.asyncDispose]();
});

const features = ["figure/", "lightbox/", "link/", "local/", "overrides/", "picture/", "placeholder/"];

test.skipIf(missing).each(["", ...features, "shortcodes/", "tiers/"])(
  "features/%s shows every image, does not jump, and has no error",
  async (feature) => {
    await using open = await openPage(`features/${feature}`);
    await open.page.evaluate(scrollThrough);
    await waitForImages(open.page);
    const images = await open.page.evaluate<Shown[]>(lookAtImages);
    const photographs = images.filter(({ url }) => url.includes("img=") && !url.includes(".svg"));
    expect(images.length).toBeGreaterThan(0);
    expect(photographs.filter(({ pixels }) => pixels === 0)).toEqual([]);
    expect(await open.page.evaluate("shiftedSince(0)")).toBe(0);
    expect(open.complaints).toEqual([]);
  },
);

test.skipIf(missing).each([
  { density: 1, pixels: 96 },
  { density: 2, pixels: 192 },
])("an image of a fixed size loads the file of its density: $density×", async ({ density, pixels }) => {
  await using open = await openPage("feature/density/", { deviceScaleFactor: density });
  await waitForImages(open.page);
  const [image] = await open.page.evaluate<Shown[]>(lookAtImages);
  expect(image?.pixels).toBe(pixels);
});

test.skipIf(missing).each([
  { width: 390, key: "trips/harbour.jpg" },
  { width: 1280, key: "trips/alps.jpg" },
])("a window $width wide loads the image for it", async ({ width, key }) => {
  await using open = await openPage("feature/narrow/", { viewport: { width, height: 800 } });
  await waitForImages(open.page);
  const [image] = await open.page.evaluate<Shown[]>(lookAtImages);
  expect(new URL(image?.url ?? "").searchParams.get("img")).toBe(key);
});

test.skipIf(missing).each([
  { page: "features/picture/", type: "image/avif", named: "avif" },
  { page: "features/tiers/", type: "image/avif", named: null },
])("$page loads AVIF in this browser", async ({ page, type, named }) => {
  await using open = await openPage(page);
  await waitForImages(open.page);
  await expect.poll(() => open.photographs.length).toBeGreaterThan(0);
  const [shown] = open.photographs;
  expect([shown?.type, shown?.url.searchParams.get("fm")]).toEqual([type, named]);
});

test.skipIf(missing)(
  "a post's first image is fetched once, at once and with priority, and its others and those of a list are not",
  async () => {
    for (const { path, urgent } of [
      { path: "posts/alps/", urgent: ["trips/alps.jpg"] },
      { path: "features/tiers/", urgent: ["worms.jpg"] },
      { path: "posts/", urgent: [] },
    ]) {
      await using open = await openPage("about:blank");
      const session = await open.page.context().newCDPSession(open.page);
      const asked: { readonly key: string; readonly priority: string }[] = [];
      session.on("Network.requestWillBeSent", ({ request }) => {
        const key = new URL(request.url).searchParams.get("img");
        if (key !== null) asked.push({ key, priority: request.initialPriority });
      });
      await session.send("Network.enable");
      await open.page.goto(new URL(path, blog.url).href);
      await open.page.evaluate(scrollThrough);
      await waitForImages(open.page);
      expect(asked.filter(({ priority }) => priority === "High").map(({ key }) => key)).toEqual(urgent);
      expect(asked.filter(({ key }) => key === urgent[0])).toHaveLength(urgent.length);
      expect(open.complaints).toEqual([]);
    }
  },
);

test.skipIf(missing)("a lightbox opens and closes by mouse and by keyboard, without script", async () => {
  await using open = await openPage("feature/lightbox/", { javaScriptEnabled: false });
  const { page } = open;
  const [first, second] = [page.locator(".imgproxy-zoomed").nth(0), page.locator(".imgproxy-zoomed").nth(1)];
  const buttons = page.locator(".imgproxy-zoom");
  expect(await page.locator("script").count()).toBe(0);

  await buttons.nth(0).click();
  const shown = () => Promise.all([first.isVisible(), second.isVisible()]);
  await expect.poll(shown).toEqual([true, false]);
  await page.mouse.click(2, 2);
  await expect.poll(shown).toEqual([false, false]);

  await buttons.nth(1).focus();
  await page.keyboard.press("Enter");
  await expect.poll(shown).toEqual([false, true]);
  await page.keyboard.press("Escape");
  await expect.poll(shown).toEqual([false, false]);
  expect(await buttons.nth(1).getAttribute("aria-label")).toBe("Enlarge: The harbour");
  expect(open.complaints).toEqual([]);
});

// --- a page ---

/** On a busy machine an image can take longer than a reader waits: then it is requested again, after Retry-After. */
async function untilMade(route: Route): Promise<void> {
  for (;;) {
    const response = await route.fetch({ timeout: PAGE_MS });
    if (response.status() !== 503) return route.fulfill({ response });
    await sleep(1000 * Number(response.headers()["retry-after"]));
  }
}

interface Open extends AsyncDisposable {
  readonly page: Page;
  /** Errors of the console, failed requests, and answers with an error status. */
  readonly complaints: readonly string[];
  readonly photographs: readonly { readonly url: URL; readonly type: string }[];
}

async function openPage(path: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Open> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PAGE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const photographs: { url: URL; type: string }[] = [];
  page.on("console", (message) => {
    // Files that failed to load are listed below, with their addresses.
    if (/error|warning/.test(message.type()) && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  // The browser aborts requests that it no longer needs.
  page.on("requestfailed", (request) => {
    const problem = request.failure()?.errorText;
    if (problem !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${problem}`);
  });
  page.on("response", (response) => {
    const url = new URL(response.url());
    if (response.status() >= 400 && url.pathname !== "/favicon.ico")
      complaints.push(`${url} answered ${response.status()}`);
    if (url.searchParams.has("img"))
      photographs.push({ url, type: response.headers()["content-type"] ?? "" });
  });
  await page.route(({ searchParams }) => searchParams.has("img"), untilMade);
  await page.addInitScript(watchShifts);
  await page.goto(new URL(path, blog.url).href, { waitUntil: "domcontentloaded" });
  const dispose = async (): Promise<void> => {
    // Images that are no longer needed.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  };
  return { page, complaints, photographs, [Symbol.asyncDispose]: dispose };
}
