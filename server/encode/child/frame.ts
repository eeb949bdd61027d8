import { CENTRE, cropOf, largestCrop, type Ratio, type Size } from "../../../contract/url/crop.ts";
import type { Output } from "../encoder.ts";

/** Where an output lies in its picture: the whole is scaled, and then a part of it is taken. Displayed pixels. */
export interface Frame extends Size {
  /** The whole, scaled: as large as the output where nothing is cut off. */
  readonly whole: Size;
  readonly left: number;
  readonly top: number;
  /** A ratio was asked for, so that the height is exact; else libvips rounds it. */
  readonly shaped: boolean;
}

/** Never enlarged. */
export function frameOf(picture: Size, output: Pick<Output, "width" | "ratio" | "focus">): Frame {
  return output.ratio === undefined
    ? uncropped(picture, output.width)
    : cropped(picture, output.ratio, output);
}

/** Whether any of the picture is cut off. */
export function isCropped({ width, height, whole }: Frame): boolean {
  return width < whole.width || height < whole.height;
}

/** One text for outputs that are made of the same pixels. */
export function frameName({ width, height, whole, left, top, shaped }: Frame): string {
  return [width, height, whole.width, whole.height, left, top, shaped].join(" ");
}

// --- parts ---

function uncropped(picture: Size, asked = picture.width): Frame {
  const width = Math.min(asked, picture.width);
  const size = { width, height: Math.max(1, Math.round((picture.height * width) / picture.width)) };
  return { ...size, whole: size, left: 0, top: 0, shaped: false };
}

function cropped(
  picture: Size,
  ratio: Ratio,
  { width: asked, focus }: Pick<Output, "width" | "focus">,
): Frame {
  const largest = largestCrop(picture, ratio);
  const size = cropOf(Math.min(asked ?? largest.width, largest.width), ratio, picture);
  const scale = size.width / largest.width;
  const whole = {
    width: Math.max(size.width, Math.round(picture.width * scale)),
    height: Math.max(size.height, Math.round(picture.height * scale)),
  };
  const [x = 50, y = 50] = (focus ?? CENTRE).split(",").map(Number);
  return {
    ...size,
    whole,
    shaped: true,
    left: startOf(whole.width, size.width, x),
    top: startOf(whole.height, size.height, y),
  };
}

/** Where a part begins that has a point of the whole, in percent, in its middle, as far as the whole goes. */
function startOf(whole: number, part: number, percent: number): number {
  const start = Math.round((whole * percent) / 100 - part / 2);
  return Math.min(Math.max(0, start), whole - part);
}
