/**
 * The `Accept` headers that browsers send for images, one for each possible answer to `fm=auto`. A scanner must use all of them,
 * so that every reader finds a warm variant.
 */
export const browserAccept = {
  /** Chrome, Edge, Firefox, Safari ≥16.4. */
  avif: "image/avif,image/webp,image/*,*/*;q=0.8",
  /** Safari 14 to 16.3, older Chrome and Firefox. */
  webp: "image/webp,image/*,*/*;q=0.8",
  /** Feed readers, crawlers, mail. */
  none: "*/*",
} as const satisfies Readonly<Record<string, string>>;
