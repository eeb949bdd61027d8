import type { Page } from "playwright-core";

// Scripts that run in the browser, whose types this program does not know.

/**
 * Notes the layout shifts of which Cumulative Layout Shift is made, from before the first paint. `shiftedSince(time)`
 * is the sum of those after a time of `performance.now()`.
 */
export const watchShifts = `
  {
    const shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: "layout-shift", buffered: true });
    globalThis.shiftedSince = (time) =>
      shifts.filter(({ startTime }) => startTime > time).reduce((sum, { value }) => sum + value, 0);
  }
`;

/**
 * The time at which the whole page is painted. Chromium can paint a page before its HTML is whole; then the last row of
 * a gallery grows, which no style sheet can know before.
 */
export const timeOfPaint = `
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))))
`;

/** Addresses of the images that are still loading. The images of a closed lightbox are not rendered, and not loaded. */
const loading = `[...document.images].filter((image) => !image.complete && image.checkVisibility())
  .map((image) => image.currentSrc || image.src)`;

/** Maximum wait for a page: only one that hangs takes as long, also on a busy machine. */
export const PAGE_MS = 180_000;

/** Waits until all images are there. @throws Error that names those that are not. */
export async function waitForImages(page: Page): Promise<void> {
  try {
    await page.waitForFunction(`(${loading}).length === 0`, undefined, { timeout: PAGE_MS });
  } catch (cause) {
    const missing = await page.evaluate<string[]>(loading);
    throw new Error(`after ${PAGE_MS / 1000} s ${page.url()} is still without ${missing.join(", ")}`, {
      cause,
    });
  }
}

export interface Shown {
  readonly url: string;
  /** Width in pixels of the file that is shown; 0 if it could not be decoded. */
  readonly pixels: number;
}

/** What each image of the page shows. With srcset, naturalWidth is not the file's width, so the file is decoded again. */
export const lookAtImages = `
  Promise.all([...document.querySelectorAll("main img")].filter((image) => image.checkVisibility()).map(async (image) => {
    const file = new Image();
    file.src = image.currentSrc;
    const pixels = await file.decode().then(() => file.naturalWidth, () => 0);
    return { url: file.src, pixels: image.naturalWidth && pixels };
  }))
`;

/** Scrolls like a reader, so that lazy images load. */
export const scrollThrough = `
  (async () => {
    for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
      scrollTo(0, top);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    scrollTo(0, 0);
  })()
`;
