import type { ManifestImage } from "../../../contract/manifest.ts";
import {
  type AskedPhoto,
  type Candidates,
  candidatesFor,
  originalRequest,
  socialRequest,
  UNTIERED_QUALITY,
} from "../../../contract/page/candidates.ts";
import { parseDestination } from "../../../contract/page/destination.ts";
import type { SiteParams } from "../../../contract/page/params.ts";
import type { Focus } from "../../../contract/url/crop.ts";
import type { ImageRequest } from "../../../contract/url/request.ts";
import { formatUrl } from "../../../contract/url/url.ts";
import type { Shows } from "../markup/references.ts";

/** A photograph that replaces a reference: its URLs, and the bucket's facts about it. */
export interface Replacement {
  readonly key: string;
  readonly image: ManifestImage;
  readonly params: SiteParams;
  readonly src: string;
  /** Empty for an image without tiers. */
  readonly srcset: string;
  /** Its `sizes`; empty if descriptors are densities. */
  readonly sizes: string;
  /** The point that a crop of the theme's CSS keeps, if it is not the centre. */
  readonly focus: Focus | undefined;
  /** The URL for a place that takes one. */
  urlFor(shows: Shows, descriptor?: string): string;
}

/** @param written the reference, which can set a quality or width like a Markdown destination. */
export function replacementFor(
  key: string,
  image: ManifestImage,
  written: string,
  { params, signatureKey }: { readonly params: SiteParams; readonly signatureKey: string | undefined },
): Replacement {
  const parsed = parseDestination(written.trim(), params);
  const photo: AskedPhoto = parsed.kind === "photo" ? { ...parsed, key } : { key };
  const candidates = candidatesFor(photo, params, image);
  const tiers = candidates.all.filter(({ format }) => format === candidates.src.format);
  const url = (request: ImageRequest) => formatUrl(params.endpoint, request, signatureKey);
  const isTiered = candidates.src.width !== undefined && tiers.length > 0;
  const descriptor = ({ width = 0 }: ImageRequest) =>
    params.fixed > 0 ? `${width / params.fixed}x` : `${width}w`;
  return {
    key,
    image,
    params,
    src: url(candidates.src),
    srcset: isTiered ? tiers.map((tier) => `${url(tier)} ${descriptor(tier)}`).join(", ") : "",
    sizes: isTiered && params.fixed === 0 ? sizesWithin(params.sizes, image, tiers) : "",
    focus: photo.ratio === undefined ? (photo.focus ?? image.focus) : undefined,
    urlFor: (shows, asked = "") => url(requestFor(shows, asked, photo, { params, image, tiers, candidates })),
  };
}

// --- parts ---

interface Known {
  readonly params: SiteParams;
  readonly image: ManifestImage;
  readonly tiers: readonly ImageRequest[];
  readonly candidates: Candidates;
}

const ICON_WIDTH = 192;

function requestFor(
  shows: Shows,
  descriptor: string,
  photo: AskedPhoto,
  { params, image, tiers, candidates }: Known,
): ImageRequest {
  const original = originalRequest(photo, params, image);
  if (shows === "link") return tiers.at(-1) ?? candidates.src;
  if (shows === "icon")
    return {
      ...original,
      quality: UNTIERED_QUALITY,
      width: Math.min(ICON_WIDTH, image.width),
      format: "png",
    };
  if (shows !== "picture") {
    const social = shows === "background" ? { ...params.social, ar: "" as const } : params.social;
    return socialRequest(photo, { ...params, social }, image) ?? original;
  }
  const width = Number(/^(\d+)w$/.exec(descriptor)?.[1]);
  return (
    tiers.find((tier) => (tier.width ?? 0) >= width) ??
    (width > 0 ? tiers.at(-1) : undefined) ??
    candidates.src
  );
}

/** An image with few pixels is not enlarged. `auto` is only for the hook's own markup: elsewhere a theme's `width: auto` would mean 300 pixels. */
function sizesWithin(sizes: string, image: ManifestImage, tiers: readonly ImageRequest[]): string {
  const plain = sizes.replace(/^auto(?:,\s*|\s*$)/, "") || "100vw";
  const widest = tiers.at(-1)?.width ?? 0;
  const isSmall = image.width > 0 && image.width <= widest && !plain.includes(",");
  return isSmall ? `min(${plain}, ${image.width}px)` : plain;
}
