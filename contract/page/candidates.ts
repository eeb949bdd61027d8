import type { ManifestImage } from "../manifest.ts";
import { largestCrop } from "../url/crop.ts";
import { type ImageRequest, MAX_WIDTH } from "../url/request.ts";
import type { Photo } from "./destination.ts";
import type { SiteParams } from "./params.ts";
import { fixedTiersFor, type Ladder, middleTier, namedLadders, type Tier, tiersFor } from "./tiers.ts";
import { shifted, tunedShift } from "./tuned.ts";

/** The quality of what has no tiers: an animation's one URL, a link preview. */
export const UNTIERED_QUALITY = 75;

/** A key, and what a destination asks of the ladder. */
export type AskedPhoto = Pick<Photo, "key" | "quality" | "widest" | "format" | "ratio" | "focus">;

/** What one image becomes in HTML: every `srcset`, by format, and the `src`. */
export interface Candidates {
  /** The `src`: the middle tier of the last format. */
  readonly src: ImageRequest;
  /** All that the markup asks for, `src` among them; narrowest first within a format. */
  readonly all: readonly ImageRequest[];
  /** The one for link previews, if there is one. */
  readonly preview?: ImageRequest;
}

/**
 * What the hook emits for a photograph and the scanner warms: the templates' twin.
 * @param image what the manifest knows of it, if there is a manifest.
 */
export function candidatesFor(
  photo: AskedPhoto,
  site: Pick<SiteParams, "tiers" | "fixed" | "formats" | "versioned">,
  image?: ManifestImage,
): Candidates {
  const original = originalRequest(photo, site, image);
  if (isVector(photo.key)) return only(original);
  const base = { ...original, ...cropping(photo, image) };
  if (isAnimation(photo.key)) return only({ ...base, ...untiered(photo) });
  const shown = image && photo.ratio ? largestCrop(image, photo.ratio) : image;
  const limits = {
    ...(photo.quality !== undefined && { quality: photo.quality }),
    ...(photo.widest !== undefined && { widest: photo.widest }),
    ...(shown !== undefined && shown.width > 0 && { natural: Math.min(shown.width, MAX_WIDTH) }),
  };
  const ladder = ladderOf(site);
  const tiers = site.fixed > 0 ? fixedTiersFor(ladder, site.fixed, limits) : tiersFor(ladder, limits);
  const asked =
    photo.format !== undefined ? [photo.format] : site.formats === "auto" ? [undefined] : site.formats;
  // A quality that the destination names is the author's own.
  const tuned = photo.quality === undefined && image !== undefined ? image : {};
  const shifts = new Map(asked.map((format) => [format, tunedShift(ladder, tuned, format)]));
  const request = (tier: Tier, format: (typeof asked)[number]): ImageRequest => {
    const { width } = tier;
    const quality = shifted(tier.quality, shifts.get(format) ?? 0);
    return format === undefined ? { ...base, quality, width } : { ...base, quality, width, format };
  };
  return {
    src: request(middleTier(tiers), asked.at(-1)),
    all: asked.flatMap((format) => tiers.map((tier) => request(tier, format))),
  };
}

/**
 * What link previews (OpenGraph, Twitter cards, schema.org) name for an image of the front matter, in a format that every
 * crawler reads; nothing for SVG, which they do not draw. Hugo asks for it from 0.121 on.
 */
export function socialRequest(
  photo: AskedPhoto,
  site: Pick<SiteParams, "social" | "versioned">,
  image?: ManifestImage,
): ImageRequest | undefined {
  if (isVector(photo.key)) return undefined;
  const { width, ar: ratio } = site.social;
  const whole = image ?? { width: 0, height: 0 };
  const natural = ratio === "" ? whole.width : largestCrop(whole, ratio).width;
  return {
    key: photo.key,
    ...(ratio !== "" && cropping({ ...photo, ratio }, image)),
    quality: photo.quality ?? UNTIERED_QUALITY,
    width: natural > 0 ? Math.min(width, natural) : width,
    format: "jpg",
    ...(site.versioned && image && { version: image.version }),
  };
}

/**
 * What a link around a standing image names where `link = "original"`: no variant, so nothing to warm.
 */
export function originalRequest(
  photo: Pick<Photo, "key">,
  site: Pick<SiteParams, "versioned">,
  image?: ManifestImage,
): ImageRequest {
  return { key: photo.key, ...(site.versioned && image && { version: image.version }) };
}

/** `.svg` scales by itself: one URL, the original. */
export function isVector(key: string): boolean {
  return /\.svg$/i.test(key);
}

/** `.gif` moves: one URL, animated WebP where accepted. */
export function isAnimation(key: string): boolean {
  return /\.gif$/i.test(key);
}

/**
 * The ladder that `tiers` names or is.
 * @throws Error for a name that is no ladder, or a ladder without a tier; the site's configuration is at fault.
 */
export function ladderOf(site: Pick<SiteParams, "tiers">): Ladder {
  const ladder = typeof site.tiers === "string" ? namedLadders[site.tiers] : site.tiers;
  if (ladder !== undefined && hasRung(ladder)) return ladder;
  throw new Error(
    `params.imgproxy.tiers takes ${Object.keys(namedLadders).join(", ")} or a list of width and quality; got ${JSON.stringify(site.tiers)}`,
  );
}

function hasRung(ladder: readonly Tier[]): ladder is Ladder {
  return ladder.length > 0;
}

/** The caller's focus, else the photograph's own. */
function cropping(
  { ratio, focus: asked }: AskedPhoto,
  image: ManifestImage | undefined,
): Pick<ImageRequest, "ratio" | "focus"> {
  if (ratio === undefined) return {};
  const focus = asked ?? image?.focus;
  return focus === undefined ? { ratio } : { ratio, focus };
}

function untiered(photo: AskedPhoto): Omit<ImageRequest, "key"> {
  return {
    quality: photo.quality ?? UNTIERED_QUALITY,
    ...(photo.widest !== undefined && { width: photo.widest }),
    ...(photo.format !== undefined && { format: photo.format }),
  };
}

function only(request: ImageRequest): Candidates {
  return { src: request, all: [request] };
}
