// Scripts for a page in the browser, which is not this program's to type.

/** Sums what Cumulative Layout Shift is made of, as `shifted`, from before the first paint. */
export const watchShifts = `
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) globalThis.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
`;

export const allComplete = "[...document.images].every((image) => image.complete)";

export interface Shown {
  readonly url: string;
  /** Pixels across the file that is shown; 0 when it could not be decoded. */
  readonly pixels: number;
}

/** What each image of the page shows. An image's own naturalWidth is divided by what srcset implies, so its file is decoded again. */
export const lookAtImages = `
  Promise.all([...document.querySelectorAll("main img")].map(async (image) => {
    const file = new Image();
    file.src = image.currentSrc;
    const pixels = await file.decode().then(() => file.naturalWidth, () => 0);
    return { url: file.src, pixels: image.naturalWidth && pixels };
  }))
`;

/** As a reader does, so that lazy images load. */
export const scrollThrough = `
  (async () => {
    for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
      scrollTo(0, top);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    scrollTo(0, 0);
  })()
`;
