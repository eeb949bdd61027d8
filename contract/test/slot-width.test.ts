import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { slotWidth } from "../page/slot-width.ts";

const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing && process.env.CI) throw new Error(`CI must have a browser: ${executablePath}`);

const known: [sizes: string, viewport: number, pixels: number][] = [
  ["100vw", 390, 390],
  ["", 390, 390],
  ["50vw", 1440, 720],
  ["600px", 390, 600],
  ["40rem", 1440, 640],
  ["2.5em", 1440, 40],
  ["(min-width: 46rem) 44rem, 92vw", 1440, 704],
  ["(min-width: 46rem) 44rem, 92vw", 390, 358.8],
  ["(max-width: 600px) 100vw, 50vw", 600, 600],
  ["(max-width: 600px) 100vw, 50vw", 601, 300.5],
  ["(width >= 600px) 1px, 2px", 600, 1],
  ["(600px < width) 1px, 2px", 600, 2],
  ["(400px <= width < 700px) 1px, 2px", 400, 1],
  ["(min-width: 300px) and (max-width: 500px) 1px, 2px", 390, 1],
  ["((min-width: 900px) or (max-width: 500px)) 1px, 2px", 390, 1],
  ["(not (min-width: 900px)) 1px, 2px", 390, 1],
  ["not (min-width: 900px) 1px, 2px", 390, 1],
  ["(min-width: calc(20rem + 80px)) 1px, 2px", 400, 1],
  ["calc(100vw - 2rem)", 390, 358],
  ["calc((100vw - 40px) / 2)", 1440, 700],
  ["min(100vw, 700px)", 390, 390],
  ["max(20rem, 50vw)", 1440, 720],
  ["clamp(300px, 50vw, 40rem)", 1440, 640],
  ["min(calc(100vw - 2rem), clamp(20rem, 80vw, 44rem))", 390, 320],
  ["auto, 50vw", 1440, 720],
  ["auto", 1440, 1440],
  ["AUTO, (min-width: 1px) 10px", 390, 10],
  ["  100vw /* whole */ ", 390, 390],
  ["0", 390, 0],
];

describe("the width of a slot", () => {
  test.each(known)("%j at %i px is %d", (sizes, viewport, pixels) => {
    expect(slotWidth(sizes, viewport)).toBeCloseTo(pixels, 6);
  });

  test.skipIf(missing)("Chromium computes the same widths", async () => {
    const square = await sharp({ create: { width: 100, height: 1, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    // Chromium measures a lazy image where it can, and takes the whole window for others.
    const measured = known.filter(([sizes]) => !/^auto/i.test(sizes));
    const browser = await chromium.launch({
      executablePath,
      timeout: 0,
      args: ["--no-sandbox", "--disable-gpu"],
    });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      const seen = [];
      // A file of 100 pixels for a slot of 50 has two pixels for each of CSS: it is 50 pixels wide.
      for (const [sizes, width] of measured) {
        await page.setViewportSize({ width, height: 600 });
        const file = `data:image/png;base64,${square.toString("base64")} 100w`;
        await page.setContent('<!doctype html><meta name="viewport" content="width=device-width"><img>');
        await expect.poll(() => page.evaluate("innerWidth")).toBe(width);
        seen.push(
          await page.evaluate<number>(`(async () => {
            const [image] = document.images;
            image.sizes = ${JSON.stringify(sizes)};
            image.srcset = ${JSON.stringify(file)};
            await image.decode();
            return image.naturalWidth;
          })()`),
        );
      }
      // Whole pixels, which Chromium rounds down.
      seen.forEach((pixels, at) => {
        const [sizes, , expected = 0] = measured[at] ?? [];
        expect(Math.abs(pixels - expected), sizes).toBeLessThanOrEqual(1.01);
      });
    } finally {
      await browser.close();
    }
  });

  test.each([
    "50vh",
    "40ch",
    "50%",
    "(orientation: portrait) 50vw, 100vw",
    "(min-width: 40ch) 50vw, 100vw",
    "screen and (min-width: 1px) 50vw",
    "(min-width: 1px and 50vw",
    "var(--width)",
    "calc(100vw - var(--gap))",
    "-5px",
    "wide",
    `${"(min-width: 1px) ".repeat(1000)}1px`,
  ])("%j cannot be computed", (sizes) => {
    expect(slotWidth(sizes, 390)).toBeUndefined();
  });
});
