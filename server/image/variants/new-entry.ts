import type { Entry } from "../../cache/cache.ts";
import type { Encoded } from "../../encode/encoder.ts";
import { join } from "../../formats/pieces.ts";
import { etagOf } from "../../http/response-headers.ts";
import type { Original } from "../fetch-original.ts";
import type { Known } from "../revalidate.ts";

/** An encoder's output in the form of a cache entry. */
export function toEntry(encoded: Encoded, { validator, checked }: Known, look: number): Entry {
  const { body, contentType, width, height, effort, substitute, offset } = encoded;
  const etag = etagOf(body);
  return {
    body,
    meta: {
      validator,
      contentType,
      width,
      height,
      etag,
      effort,
      substitute,
      ...(offset !== undefined && { offset }),
      look,
      made: checked,
    },
  };
}

/** An SVG is served as it is stored. */
export function svgEntry({ body: pieces, type, validator, checked }: Original, look: number): Entry {
  const body = join(pieces);
  const size = { width: 0, height: 0 };
  return {
    body,
    meta: {
      ...size,
      validator,
      contentType: type,
      etag: etagOf(body),
      effort: 0,
      substitute: false,
      look,
      made: checked,
    },
  };
}
