import sharp from "sharp";
import type { MetaRegion } from "../../../contract/meta.ts";
import { CENTRE, type Focus } from "../../../contract/url/crop.ts";

/** Percent of the picture, from the left and the top. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The point that a crop keeps: the middle of the faces in the metadata, each as important as it is large; else of the pets; else
 * where the camera focused; else what libvips believes to attract attention (edges, skin, saturated colours).
 * @param rendition the whole picture as displayed, small.
 * @returns the centre for what has nothing of the kind, and for a point so near to it that crops would hardly differ.
 */
export async function findFocus(
  regions: readonly MetaRegion[] | undefined,
  rendition: Uint8Array,
): Promise<Focus> {
  const { x, y } = middleOf(regions ?? []) ?? (await attention(rendition)) ?? MIDDLE;
  const isNear = Math.abs(x - MIDDLE.x) <= NEAR && Math.abs(y - MIDDLE.y) <= NEAR;
  return isNear ? CENTRE : `${percent(x)},${percent(y)}`;
}

const MIDDLE: Point = { x: 50, y: 50 };

/** Of a side. The attention's own grid is as coarse. */
const NEAR = 4;

function percent(value: number): number {
  return Math.min(100, Math.max(0, Math.round(value)));
}

// --- regions ---

const kinds = ["face", "pet", "focus"] as const satisfies readonly MetaRegion["kind"][];

/** Of a region that is a point. */
const LEAST_AREA = 0.01;

function middleOf(regions: readonly MetaRegion[]): Point | undefined {
  const kind = kinds.find((kind) => regions.some((region) => region.kind === kind));
  if (kind === undefined) return undefined;
  let [x, y, sum] = [0, 0, 0];
  for (const region of regions.filter((region) => region.kind === kind)) {
    const area = Math.max(LEAST_AREA, region.width * region.height);
    x += region.x * area;
    y += region.y * area;
    sum += area;
  }
  return { x: x / sum, y: y / sum };
}

// --- attention ---

/** libvips scales each side to this number of cells, and names the first pixel of one. */
const CELLS = 32;

/** A side of fewer pixels is a line or an icon. */
const LEAST_SIDE = 8;

/** Levels that differ less are one colour. */
const LEAST_CONTRAST = 4;

/** Undefined for what is too small, and for a single colour: libvips would name a corner. */
async function attention(rendition: Uint8Array): Promise<Point | undefined> {
  // Neither black nor white: a logo without a background can be either.
  const flat = sharp(rendition).flatten({ background: "#808080" });
  const { data, info } = await flat.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (Math.min(width, height) < LEAST_SIDE || isFlat(data, channels)) return undefined;
  // It is a result of cropping: half of the longer side, so that nothing is scaled.
  const half =
    width >= height ? { width: Math.ceil(width / 2), height } : { width, height: Math.ceil(height / 2) };
  const cropped = await sharp(data, { raw: { width, height, channels } })
    .resize({ ...half, fit: "cover", position: sharp.strategy.attention })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { attentionX, attentionY } = cropped.info;
  if (attentionX === undefined || attentionY === undefined) return undefined;
  return { x: middleOfCell(attentionX, width), y: middleOfCell(attentionY, height) };
}

function isFlat(pixels: Uint8Array, channels: number): boolean {
  return pixels.every((level, at) => Math.abs(level - (pixels[at % channels] ?? 0)) < LEAST_CONTRAST);
}

function middleOfCell(pixel: number, side: number): number {
  return 100 * (pixel / side + 1 / (2 * CELLS));
}
