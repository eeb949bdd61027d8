import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import sharp from "sharp";
import { imageServer } from "../example-blog.ts";
import { freePort } from "../machine/ports.ts";
import { startProgram } from "../machine/processes.ts";

/** The README's pictures of the Studio by name. */
const pictures: Readonly<Record<string, { readonly hash: string; readonly options: BrowserContextOptions }>> =
  {
    "studio-photo": {
      hash: "#/trips/harbour.jpg?q=20&w=1000",
      options: { viewport: { width: 1280, height: 1140 }, colorScheme: "light" },
    },
    "studio-browse": {
      hash: "#/",
      options: { viewport: { width: 1280, height: 720 }, colorScheme: "dark" },
    },
  };

/** Until no thumbnail, preview or score in the window is on its way. */
const isReady = `document.images.length > 0 && ![
  ...document.querySelectorAll('[aria-busy="true"], .thumb[data-state="waiting"], [data-current="false"]'),
].some((one) => one.getBoundingClientRect().top < innerHeight)`;

/** Takes pictures of the Studio on the photographs of a folder, in Chromium with a real server. */
export async function takeStudioPictures(browser: Browser, photos: string, to: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "studio-pictures-"));
  const { port } = await freePort();
  const command = imageServer({ source: photos, folder, port }, { DEV: "on" });
  const server = await startProgram(command, /"url":/, new AbortController().signal);
  try {
    for (const [name, { hash, options }] of Object.entries(pictures)) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${port}/_studio/${hash}`);
      // The page's policy forbids what waitForFunction does.
      while (!(await page.evaluate<boolean>(isReady))) await page.waitForTimeout(200);
      const png = await page.screenshot({ animations: "disabled" });
      await context.close();
      const file = path.join(to, `${name}.jpg`);
      await writeFile(`${file}.part`, await sharp(png).jpeg({ quality: 80, mozjpeg: true }).toBuffer());
      await rename(`${file}.part`, file);
      console.log(path.relative(process.cwd(), file));
    }
  } finally {
    await server.stop();
    // A sweep of the cache can outlive its server, and write its note meanwhile.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
