import pMap from "p-map";
import type { MissingBody, VariantSpec } from "../../contract/api.ts";
import type { Variants } from "../image/variants.ts";
import { isWarm } from "./is-warm.ts";
import { variantOfSpec } from "./specs.ts";

type Image = MissingBody["images"][number];

interface MissingParts {
  readonly variants: Pick<Variants, "findMeta">;
  readonly defaultQuality: number;
}

/** As many as the cache volume reads in parallel: a reader's own read waits for one at most. */
const AT_ONCE = 2;

/** The variants of a site that are not in the cache, so that a rescan costs only what has changed. */
export async function findMissing(
  parts: MissingParts,
  { images, effort }: MissingBody,
  signal: AbortSignal,
): Promise<Image[]> {
  const findIn = async (image: Image): Promise<Image> => {
    const variants: VariantSpec[] = [];
    for (const spec of image.variants) {
      signal.throwIfAborted();
      const meta = await parts.variants.findMeta(variantOfSpec(image.img, spec, parts.defaultQuality));
      if (meta === undefined || !isWarm(meta, image.v, effort)) variants.push(spec);
    }
    return { ...image, variants };
  };
  const missing = await pMap(images, findIn, { concurrency: AT_ONCE });
  return missing.filter(({ variants }) => variants.length > 0);
}
