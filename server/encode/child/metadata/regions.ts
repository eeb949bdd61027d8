import { type MetaRegion, metaLimits, type regionKinds } from "../../../../contract/meta.ts";
import type { MetadataBlocks } from "./blocks.ts";
import { numberIn, tagValue } from "./values.ts";

type Picture = Pick<MetadataBlocks, "width" | "height" | "orientation">;

/** A part of the stored picture, by its centre and its sides, from 0 to 1. */
interface Area {
  readonly kind: MetaRegion["kind"];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Faces and other parts of a picture that matter, as displayed: of the MWG's regions (Guidelines for Handling Image Metadata
 * 2.0, §5.9), else of Microsoft's. They are measured on the picture as it is stored; one that was cropped since has other
 * proportions, and nobody knows where its faces went.
 */
export function readRegions(xmp: unknown, picture: Picture): readonly MetaRegion[] | undefined {
  const mwg = tagValue(xmp, "Regions");
  const areas = isOf(tagValue(mwg, "AppliedToDimensions"), picture)
    ? listed(mwg, "RegionList").flatMap(mwgArea)
    : [];
  const found =
    areas.length > 0 ? areas : listed(tagValue(xmp, "RegionInfo"), "Regions").flatMap(microsoftArea);
  const regions = found.slice(0, metaLimits.regions).map((area) => displayed(area, picture.orientation));
  return regions.length > 0 ? regions : undefined;
}

function listed(of: unknown, name: string): readonly unknown[] {
  const list = tagValue(of, name);
  return Array.isArray(list) ? list : [];
}

/** As far apart as rounding makes proportions. */
const MOST_DIFFERENCE = 0.02;

function isOf(dimensions: unknown, picture: Picture): boolean {
  const [width, height] = [numberIn(tagValue(dimensions, "w")), numberIn(tagValue(dimensions, "h"))];
  // Some writers leave them out.
  if (width === undefined || height === undefined) return true;
  return Math.abs((width * picture.height) / (height * picture.width) - 1) < MOST_DIFFERENCE;
}

const kinds: Readonly<Record<string, (typeof regionKinds)[number]>> = {
  Face: "face",
  Pet: "pet",
  Focus: "focus",
  BarCode: "code",
};

function mwgArea(region: unknown): Area[] {
  const area = tagValue(region, "Area");
  const kind = kinds[String(tagValue(region, "Type"))] ?? "other";
  const [x, y, width, height] = ["x", "y", "w", "h"].map((name) => numberIn(tagValue(area, name)));
  const unit = tagValue(area, "unit") ?? "normalized";
  return unit === "normalized" ? areaOf(kind, x, y, width ?? 0, height ?? 0) : [];
}

/** `0.1, 0.2, 0.3, 0.4`: left, top, width and height. */
function microsoftArea(region: unknown): Area[] {
  const [left, top, width, height] = String(tagValue(region, "Rectangle")).split(",", 4).map(numberIn);
  if (left === undefined || top === undefined || width === undefined || height === undefined) return [];
  return areaOf("face", left + width / 2, top + height / 2, width, height);
}

function areaOf(kind: Area["kind"], ...sides: readonly (number | undefined)[]): Area[] {
  const [x, y, width, height] = sides;
  if (x === undefined || y === undefined || width === undefined || height === undefined) return [];
  return [x, y, width, height].every((side) => side >= 0 && side <= 1) ? [{ kind, x, y, width, height }] : [];
}

/** EXIF's eight ways to turn and mirror a picture (EXIF 2.32 §4.6.4, Orientation). */
function displayed({ kind, ...stored }: Area, orientation: number): MetaRegion {
  const isTurned = orientation > 4;
  const [x, y] = isTurned ? [stored.y, stored.x] : [stored.x, stored.y];
  const [width, height] = isTurned ? [stored.height, stored.width] : [stored.width, stored.height];
  return {
    kind,
    x: percent([2, 3, 6, 7].includes(orientation) ? 1 - x : x),
    y: percent([3, 4, 7, 8].includes(orientation) ? 1 - y : y),
    width: percent(width),
    height: percent(height),
  };
}

function percent(part: number): number {
  return Math.round(part * 1_000) / 10;
}
