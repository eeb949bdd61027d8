/** `ar`: width to height, in lowest terms, such as `40:21`. */
export type Ratio = `${number}:${number}`;

/** `fp`: the point to keep, in whole percent of the displayed image from the left and the top, such as `30,70`. */
export type Focus = `${number},${number}`;

/** What a crop keeps of a photograph without a focus. */
export const CENTRE: Focus = "50,50";

/** Displayed pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Five times as wide as high, or the reverse: a steeper ratio would show only a strip of a photograph. */
const STEEPEST = 5;

/** Maximum digits of each number of a ratio. */
const MOST_DIGITS = 4;

/** Why a value is not a {@link Ratio}, with the right spelling where there is one; undefined when it is one. */
export function ratioProblem(value: unknown): string | undefined {
  const text = typeof value === "string" ? value : "";
  const [width = 0, height = 0] = /^\d{1,9}:\d{1,9}$/.test(text) ? text.split(":").map(Number) : [];
  if (width === 0 || height === 0) return "takes two whole numbers, such as 16:9";
  if (width > STEEPEST * height || height > STEEPEST * width)
    return `takes a ratio from 1:${STEEPEST} to ${STEEPEST}:1`;
  const lowest = inLowestTerms(width, height);
  if (lowest.split(":").some(({ length }) => length > MOST_DIGITS))
    return `takes numbers of up to ${MOST_DIGITS} digits in lowest terms`;
  return lowest === text ? undefined : `takes the lowest terms: ${lowest}`;
}

/** The ratio that an author writes, such as `1200:630`, in lowest terms; undefined where it has none. */
export function ratioOf(text: string): Ratio | undefined {
  if (!/^[1-9]\d{0,8}:[1-9]\d{0,8}$/.test(text)) return undefined;
  const [width = 0, height = 0] = text.split(":").map(Number);
  const lowest = inLowestTerms(width, height);
  return isRatio(lowest) ? lowest : undefined;
}

/** Why a value is not a {@link Focus}, as {@link ratioProblem}. */
export function focusProblem(value: unknown): string | undefined {
  const text = typeof value === "string" ? value : "";
  const [x = 101, y = 101] = /^\d{1,9},\d{1,9}$/.test(text) ? text.split(",").map(Number) : [];
  if (x > 100 || y > 100) return "takes two whole numbers from 0 to 100, such as 30,70";
  return `${x},${y}` === text ? undefined : `takes no leading zeros: ${x},${y}`;
}

export function isRatio(value: unknown): value is Ratio {
  return ratioProblem(value) === undefined;
}

export function isFocus(value: unknown): value is Focus {
  return focusProblem(value) === undefined;
}

/**
 * The largest part of an image with this ratio: the result of `ar` without `w`. crop.html in the templates does the same.
 * @param picture 0 × 0 if its size is unknown: then so is that of its part.
 */
export function largestCrop(picture: Size, ratio: Ratio): Size {
  if (picture.width === 0 || picture.height === 0) return picture;
  const [across = 1, down = 1] = ratio.split(":").map(Number);
  const width = Math.max(1, Math.floor((picture.height * across) / down));
  return cropOf(Math.min(width, picture.width), ratio, picture);
}

/** A crop of this width: `round(width / ratio)` high, and not higher than the image. */
export function cropOf(width: number, ratio: Ratio, picture: Size): Size {
  const [across = 1, down = 1] = ratio.split(":").map(Number);
  return { width, height: Math.min(picture.height, Math.max(1, Math.round((width * down) / across))) };
}

function inLowestTerms(width: number, height: number): Ratio {
  const most = greatestDivisor(width, height);
  return `${width / most}:${height / most}`;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
