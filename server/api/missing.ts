import type { MissingBody, VariantSpec } from "../../contract/api.ts";
import { versionOf } from "../source/source.ts";
import type { Variants } from "../variants.ts";
import { variantOfSpec } from "./specs.ts";

type Image = MissingBody["images"][number];

/** What of all that a site uses is not in the cache, so that a rescan costs what has changed. */
export async function findMissing(
  parts: { readonly variants: Variants; readonly defaultQuality: number },
  images: readonly Image[],
  signal: AbortSignal,
): Promise<Image[]> {
  const missing: Image[] = [];
  for (const image of images) {
    const variants: VariantSpec[] = [];
    for (const spec of image.variants) {
      signal.throwIfAborted();
      if (!(await isHere(parts, image, spec))) variants.push(spec);
    }
    if (variants.length > 0) missing.push({ ...image, variants });
  }
  return missing;
}

async function isHere(
  { variants, defaultQuality }: { readonly variants: Variants; readonly defaultQuality: number },
  { img, v }: Image,
  spec: VariantSpec,
): Promise<boolean> {
  const entry = await variants.find(variantOfSpec(img, spec, defaultQuality));
  if (entry === undefined || entry.meta.substitute) return false;
  return v === undefined || v === versionOf(entry.meta.validator);
}
