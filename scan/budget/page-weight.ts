import type { ManifestImage } from "../../contract/manifest.ts";
import { slotWidth } from "../../contract/page/slot-width.ts";
import { candidateFor } from "../../contract/page/tiers.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import type { Post } from "../content/found.ts";
import type { Use } from "../content/resolve.ts";
import { type Answers, isThere } from "../proxy/answers.ts";

/** The screens whose downloads are counted: widths in CSS pixels, and device pixels for each of them. */
export const screens = {
  phone: { width: 390, density: 3 },
  laptop: { width: 1440, density: 1 },
} as const;
export type Screen = keyof typeof screens;

/** What one screen downloads for a post, each file once. */
export interface PageWeight {
  readonly bytes: number;
  /** Heaviest first. */
  readonly files: readonly { readonly use: Use; readonly request: ImageRequest; readonly bytes: number }[];
  /** Images that cannot be counted, and why. */
  readonly unknown: readonly { readonly use: Use; readonly why: string }[];
}

/** The images of a post as a current browser (AVIF) downloads them when the whole post has been read. */
export function pageWeight(
  { uses }: Post,
  screen: Screen,
  { images, ...answers }: Answers & { readonly images: ReadonlyMap<string, ManifestImage> },
): PageWeight {
  const files = new Map<string, PageWeight["files"][number]>();
  const unknown: PageWeight["unknown"][number][] = [];
  for (const use of uses) {
    const image = images.get(use.key);
    const { all, preview } = use.candidates(image);
    // Only crawlers load it.
    const shown = all.filter((request) => request !== preview);
    const around = slotWidth(use.sizes, screens[screen].width);
    const slot =
      around === undefined || use.shownWidth === undefined ? around : use.shownWidth(around, images);
    // It is loaded when a reader opens it.
    if (shown.length === 0 || (around !== undefined && slot === undefined)) continue;
    const request = chosen(shown, slot, screen);
    const weighed = request && weigh(request, answers);
    if (request === undefined) unknown.push({ use, why: `sizes "${use.sizes}" cannot be computed` });
    else if (typeof weighed === "number") files.set(formatQuery(request), { use, request, bytes: weighed });
    else if (weighed !== undefined)
      unknown.push({ use, why: `the bytes of ${use.key} are not known: ${weighed}` });
  }
  const sorted = [...files.values()].sort((a, b) => b.bytes - a.bytes);
  return { bytes: sorted.reduce((sum, file) => sum + file.bytes, 0), files: sorted, unknown };
}

/** Of several formats, the first. */
function chosen(
  all: readonly ImageRequest[],
  slot: number | undefined,
  screen: Screen,
): ImageRequest | undefined {
  const [file, ...others] = all.filter(({ format }) => format === all[0]?.format);
  if (file === undefined || others.length === 0) return file;
  return slot === undefined ? undefined : candidateFor([file, ...others], slot * screens[screen].density);
}

/**
 * @returns bytes, or why they are not known. Undefined for what nobody downloads: a photograph that does not exist, and a cover that
 * no page showed at the last check, which is not made.
 */
function weigh(request: ImageRequest, { photos, variants }: Answers): number | string | undefined {
  const info = photos.get(request.key);
  if (!isThere(info)) return undefined;
  if (isOriginal(request)) return info.bytes;
  const results = variants.get(formatQuery(request));
  const result = results?.avif ?? results?.any;
  if (result?.status === "failed") return result.problem.detail;
  if (result === undefined || result.bytes !== undefined) return result?.bytes;
  return "the server's cache had the image, but has lost it since; scan again";
}
