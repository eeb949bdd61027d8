import * as v from "valibot";
import { check, object, text, whole } from "./schema.ts";

/** 0 where an SVG has no size of its own. */
const side = whole(0, 9_999_999, "a whole number of pixels");

/** What the hook knows of one photograph. Some of it is printed into pages where nothing is escaped. */
export const manifestImage = object({
  /** Displayed size in pixels, after EXIF rotation. */
  width: side,
  height: side,
  /** The source's version, 10 hex digits: `v` in every URL. */
  version: text(/^[0-9a-f]{10}$/, "10 hex digits"),
  /** Dominant colour as `#rrggbb`; absent where the image is transparent. */
  color: v.exactOptional(text(/^#[0-9a-f]{6}$/, "#rrggbb")),
  /** A 16-pixel WebP in base64, at most 150 bytes before it; absent for SVG. */
  placeholder: v.exactOptional(
    text(/^(?:[A-Za-z0-9+/]{4}){0,100}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, "base64"),
  ),
});
export type ManifestImage = v.InferOutput<typeof manifestImage>;

/** A photograph of a manifest, without members that no scan writes; undefined for anything else. */
export function parseManifestImage(value: unknown): ManifestImage | undefined {
  const checked = check(manifestImage, value);
  return "value" in checked ? checked.value : undefined;
}

/** What the scanner writes to `assets/imgproxy.json` and the hook reads, by source key. */
export interface Manifest {
  readonly schema: 1;
  readonly images: Readonly<Record<string, ManifestImage>>;
}

/** Sorted keys and one image a line: a new photograph is one added line in the blog's history. */
export function formatManifest(manifest: Manifest): string {
  const lines = Object.entries(manifest.images)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, image]) => `    ${JSON.stringify(key)}: ${JSON.stringify(image)}`);
  return `{\n  "schema": ${manifest.schema},\n  "images": {${lines.length > 0 ? `\n${lines.join(",\n")}\n  ` : ""}}\n}\n`;
}
