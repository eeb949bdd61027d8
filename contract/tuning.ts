import * as v from "valibot";
import { list, object, whole } from "./schema.ts";
import { MAX_QUALITY, MAX_WIDTH } from "./url/request.ts";

/** Formats that `scan --tune` measures. A PNG is lossless from q 80 on, and has a palette below. */
export const tunedFormats = ["avif", "webp", "jpg"] as const;
export type TunedFormat = (typeof tunedFormats)[number];

/** SSIMULACRA 2.1: 100 if no pixel differs, negative for unrecognisable pictures. */
export const MAX_SCORE = 100;

const offset = object({
  /** Pixels. */
  w: whole(1, MAX_WIDTH),
  q: whole(1, MAX_QUALITY),
  /** Is added to this `q` at this width. */
  offset: whole(1 - MAX_QUALITY, MAX_QUALITY - 1),
});
export type Offset = v.InferOutput<typeof offset>;

const MOST_OFFSETS = 12;
const some = v.exactOptional(list(offset, MOST_OFFSETS));

/**
 * What is added to `q` in a format, so that a photograph looks as its own JPEG does at that `q`, where it was measured: by rising
 * width, then by rising `q`. Empty if it cannot be tuned.
 */
export const offsets = object({ avif: some, webp: some });
export type Offsets = v.InferOutput<typeof offsets>;

const point = object({
  /** Before any offset. */
  q: whole(1, MAX_QUALITY),
  score: v.pipe(v.number("takes a number"), v.finite("takes a number")),
  bytes: whole(0, Number.MAX_SAFE_INTEGER),
});
export type CurvePoint = v.InferOutput<typeof point>;

const points = v.exactOptional(list(point, MAX_QUALITY));

/** What has been measured of a photograph at 400 px, with the settings of a scan; by rising `q`. Empty if it cannot be tuned. */
export const curves = object({ avif: points, webp: points, jpg: points });
export type Curves = v.InferOutput<typeof curves>;

/** The lowest `q` of each format that reaches a score; empty if it cannot be tuned. */
const quality = v.exactOptional(whole(1, MAX_QUALITY));
export const floors = object({ avif: quality, webp: quality, jpg: quality });
export type Floors = v.InferOutput<typeof floors>;
