import * as v from "valibot";
import { manifestBasics } from "./manifest.ts";
import { photoMeta } from "./meta.ts";
import { object, text, whole } from "./schema.ts";
import { curves, floors, offsets } from "./tuning.ts";
import { type Focus, isFocus } from "./url/crop.ts";

/** `fm=json`: the server's facts about one photograph. Only an SVG can be without a size. */
export const imageInfo = v.pipe(
  object({
    key: v.string("a source key"),
    /** Displayed size in pixels, version, colour and placeholder, as in the manifest. */
    ...manifestBasics.entries,
    /** The original's media type by its first bytes, such as `image/jpeg`. */
    type: text(/^[a-z]+\/[a-z0-9.+-]+$/, "a media type"),
    /** Bytes of the original. */
    bytes: whole(0, Number.MAX_SAFE_INTEGER, "a whole number"),
    frames: v.optional(whole(1, Number.MAX_SAFE_INTEGER, "a whole number"), 1),
    alpha: v.optional(v.boolean("true or false"), false),
    /** How much of the picture exists, in percent, if a part is missing; 0 if it is not known where. */
    damaged: v.exactOptional(whole(0, 99, "a percentage")),
    /** The point that a crop keeps if it names none: `50,50` is the centre. A server of an older release does not know it. */
    focus: v.exactOptional(v.custom<Focus>(isFocus, "two whole numbers from 0 to 100, such as 30,70")),
    /** Of a tuned photograph: what is added to `q` in these formats. */
    offsets: v.exactOptional(offsets),
    /** The lowest `q` of each format that reaches the score that a probe asked for. */
    floors: v.exactOptional(floors),
    /** What has been measured of it; for a probe that asks how `q` is tuned. */
    curves: v.exactOptional(curves),
    /** The fields of its metadata that were asked for: by a probe, or by the server's META. */
    meta: v.exactOptional(photoMeta),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.type === "image/svg+xml") return;
    const { value } = dataset;
    for (const key of ["width", "height"] as const)
      if (value[key] === 0)
        addIssue({
          message: "a whole number of pixels",
          path: [{ type: "object", origin: "value", input: value, key, value: 0 }],
        });
  }),
);
export type ImageInfo = v.InferOutput<typeof imageInfo>;
