import type { Format } from "../../../contract/formats.ts";

/** A kind of new image: what a reader of one page asks for. */
export interface Kind {
  readonly width: number;
  readonly format: Format;
}

/** One at a time. */
export const missKinds: readonly Kind[] = [
  { format: "jpg", width: 480 },
  { format: "jpg", width: 800 },
  { format: "webp", width: 800 },
  { format: "webp", width: 1600 },
  { format: "avif", width: 800 },
];

/** Under load. */
export const rateKinds: readonly Kind[] = missKinds.filter(({ width }) => width === 800);

export function titleOf({ format, width }: Kind): string {
  return `${format}, ${width} px`;
}

/** `q` of every image of ours; the others get the number that looks like it. */
export const QUALITY = 70;
