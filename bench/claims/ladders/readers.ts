/** A reader: how wide a photograph is on the screen, in CSS pixels, the screen's density, and the share of such readers. */
export interface Reader {
  readonly css: number;
  readonly density: number;
  readonly share: number;
}

/**
 * A blog with a column of 44rem, 92 % of the screen on phones, and some wider photographs and thumbnails. The shares are an estimate: phones
 * have more than half of the readers.
 */
export const readers: readonly Reader[] = [
  { css: 220, density: 2, share: 0.05 },
  { css: 331, density: 2, share: 0.15 },
  { css: 359, density: 3, share: 0.28 },
  { css: 379, density: 2.625, share: 0.12 },
  { css: 704, density: 1, share: 0.15 },
  { css: 704, density: 1.5, share: 0.08 },
  { css: 704, density: 2, share: 0.12 },
  { css: 1000, density: 2, share: 0.03 },
  { css: 1000, density: 2.5, share: 0.02 },
];

/** An eye distinguishes 1.3 pixels in a CSS pixel: on denser screens, a picture is judged at that size. */
export function seenWidth({ css, density }: Reader): number {
  return Math.round(css * Math.min(density, 1.3));
}

/** The width that a browser loads: the smallest that is enough, otherwise the largest. */
export function loadedWidth({ css, density }: Reader, widths: readonly number[]): number {
  const sorted = widths.toSorted((a, b) => a - b);
  return sorted.find((width) => width >= css * density) ?? sorted.at(-1) ?? 0;
}
