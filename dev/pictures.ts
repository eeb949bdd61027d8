import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { startExampleBlog } from "./example-blog.ts";
import { obtainHugo } from "./hugo.ts";
import { pages, pictures, type View } from "./pictures/shots.ts";
import { takeStudioPictures } from "./pictures/studio.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `npm run pictures`: takes the manual's pictures of the example blog and the README's of the Studio, in Chromium with real servers. */
async function takePictures(folder: string): Promise<void> {
  await using blog = await startExampleBlog(await obtainHugo(), pages);
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"],
  });
  await mkdir(folder, { recursive: true });
  try {
    for (const [name, views] of Object.entries(pictures)) {
      const shots: Shot[] = [];
      for (const view of views) shots.push(await shotOf(browser, blog.url, view));
      const file = path.join(folder, `${name}.webp`);
      await writeFile(
        `${file}.part`,
        await sharp(await plateOf(browser, shots))
          .webp({ quality: 70 })
          .toBuffer(),
      );
      await rename(`${file}.part`, file);
      console.log(
        `${path.relative(process.cwd(), file)}: ${shots.map(({ caption }) => caption).join(" | ")}`,
      );
    }
    await takeStudioPictures(
      browser,
      path.join(root, "hugo-module/exampleSite/photos"),
      path.join(root, "docs"),
    );
  } finally {
    await browser.close();
  }
}

// --- one view ---

interface Shot {
  readonly png: Buffer;
  readonly caption: string;
  /** CSS pixels. */
  readonly width: number;
}

async function shotOf(browser: Browser, blog: string, view: View): Promise<Shot> {
  const { width = 760, height = 520, density = 1 } = view;
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: density });
  try {
    const arrived = photographsOf(page);
    if (view.waiting) await page.route("**/*img=*", () => undefined);
    await page.goto(new URL(view.page, blog).href, { waitUntil: view.waiting ? "commit" : "networkidle" });
    if (view.waiting) await page.waitForSelector("footer", { state: "attached" });
    if (view.click !== undefined) {
      await page.click(view.click);
      await page.waitForLoadState("networkidle");
    }
    const png = await page.screenshot({ animations: "disabled" });
    const file = arrived.at(-1);
    return { png, width, caption: file === undefined ? view.caption : `${view.caption}: ${await file()}` };
  } finally {
    await page.close();
  }
}

/** Pixels, type and size of each photograph that was loaded, as text. */
function photographsOf(page: Page): (() => Promise<string>)[] {
  const arrived: (() => Promise<string>)[] = [];
  page.on("response", (response) => {
    if (!response.url().includes("img=")) return;
    const body = response.body();
    const type = response.headers()["content-type"]?.replace("image/", "").toUpperCase();
    arrived.push(async () => {
      const bytes = await body;
      const { width } = await sharp(bytes).metadata();
      return `${width} px, ${type}, ${Math.round(bytes.length / 1000)} kB`;
    });
  });
  return arrived;
}

// --- side by side ---

const HEIGHT = 300;

async function plateOf(browser: Browser, shots: readonly Shot[]): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 1400, height: HEIGHT + 100 } });
  try {
    await page.setContent(`<style>
body { margin: 0; display: inline-flex; gap: 12px; padding: 10px; background: #fff; font: 13px/1.4 sans-serif; color: #333 }
figure { margin: 0; display: grid; gap: 6px; width: min-content } img { height: ${HEIGHT}px; outline: 1px solid #ccc }
</style>${shots
      .map(
        ({ png, caption }) =>
          `<figure><img src="data:image/png;base64,${png.toString("base64")}"><figcaption>${caption}</figcaption></figure>`,
      )
      .join("")}`);
    await page.waitForFunction("[...document.images].every((image) => image.complete)");
    return await page.locator("body").screenshot();
  } finally {
    await page.close();
  }
}

await takePictures(path.join(root, "hugo-module/pictures"));
