import pMap from "p-map";
import {
  apiLimits,
  InvalidBody,
  type MissingAnswer,
  type MissingBody,
  parseMissingBody,
  parseMissingImage,
  type VariantSpec,
} from "../../contract/api.ts";
import type { VariantCache } from "../cache/cache.ts";
import { TimeSlice } from "../concurrency/time-slice.ts";
import type { ImageInfos } from "../image/image-info.ts";
import type { Variants } from "../image/variants/variants.ts";
import { InvalidJson, takePieces } from "../published/json-pieces.ts";
import { isWarm } from "./is-warm.ts";
import { variantOfSpec } from "./specs.ts";

type Image = MissingBody["images"][number];
type Answered = MissingAnswer["images"][number];

interface MissingParts {
  readonly variants: Pick<Variants, "hasSuiting" | "isCurrent">;
  readonly infos: Pick<ImageInfos, "find">;
  readonly cache: Pick<VariantCache, "bytesOf">;
  readonly defaultQuality: number;
}

/**
 * Reads a MissingBody piece by piece: 100,000 variants at once would hold up every hit for a quarter of a second.
 * @throws InvalidBody; what the body throws.
 */
export async function readMissingBody(body: AsyncIterable<Uint8Array>): Promise<MissingBody> {
  const images: Image[] = [];
  const rest: Record<string, unknown> = {};
  try {
    await takePieces(body, { images: "list" }, ({ of, value }) => {
      if (of === "") Object.assign(rest, value);
      else rest.images = [];
      if (of === "images") for (const image of Object.values(value)) take(image);
    });
  } catch (error) {
    throw error instanceof InvalidJson ? new InvalidBody(`the body ${error.message}`) : error;
  }
  return { ...parseMissingBody(rest), images };

  function take(image: unknown): void {
    if (images.length === apiLimits.images)
      throw new InvalidBody(`images has more than ${apiLimits.images} items`);
    images.push(parseMissingImage(image, `images[${images.length}]`));
  }
}

/** JSON of a MissingAnswer, an image a part, in short slices of the event loop. */
export async function* missingJson(images: Promise<readonly Answered[]>): AsyncGenerator<string> {
  const slice = new TimeSlice();
  let before = '{"images":[';
  for (const image of await images) {
    yield before + JSON.stringify(image);
    before = ",";
    if (slice.isOver()) await slice.next();
  }
  yield before === "," ? "]}\n" : `${before}]}\n`;
}

/** As many as the cache volume reads in parallel: a reader's own read waits for one at most. */
const AT_ONCE = 2;

/** The variants of a site that are not in the cache, so that a rescan costs only what has changed. */
export async function findMissing(
  parts: MissingParts,
  { images, effort, sizes = false }: MissingBody,
  signal: AbortSignal,
): Promise<Answered[]> {
  const findIn = async (image: Image): Promise<Answered> => {
    const variants: VariantSpec[] = [];
    const there: NonNullable<Answered["there"]>[number][] = [];
    const record = await parts.infos.find(image.img);
    for (const spec of image.variants) {
      signal.throwIfAborted();
      const variant = variantOfSpec(image.img, spec, parts.defaultQuality);
      const asked = { q: variant.quality, version: image.v, effort };
      let type = "";
      const isThere = await parts.variants.hasSuiting(variant, (meta) => {
        type = meta.contentType;
        return parts.variants.isCurrent(meta) && isWarm(meta, record, asked);
      });
      if (!isThere) variants.push(spec);
      const bytes = isThere && sizes ? await parts.cache.bytesOf(variant) : undefined;
      if (isThere && bytes !== undefined) there.push({ variant: spec, bytes, type });
    }
    return { ...image, variants, ...(there.length > 0 && { there }) };
  };
  const missing = await pMap(images, findIn, { concurrency: AT_ONCE });
  return missing.filter(({ variants, there }) => variants.length > 0 || there !== undefined);
}
