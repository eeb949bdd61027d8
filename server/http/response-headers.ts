import { hash } from "node:crypto";
import { formatByType, formats } from "../../contract/formats.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";

/** On every response, including errors: none of them is a page, a script or a frame. */
export const securityHeaders = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** On images and their errors: blogs embed them from this host, with `crossorigin` if they draw them on a canvas. */
export const imageSecurity = {
  ...securityHeaders,
  "cross-origin-resource-policy": "cross-origin",
  "access-control-allow-origin": "*",
} as const;

/** An SVG opened by itself may use its own styles and embedded resources; it may not run, load or frame anything. */
const SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox";

/** Facts from which an image's headers are made. */
export interface Facts {
  readonly key: string;
  readonly contentType: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly cache: CacheOutcome;
  /** Of the body. */
  readonly bytes: number;
  /** `Accept` decided the format: caches must keep one response for each. */
  readonly negotiated: boolean;
}

/** The headers of a 200 with an image. */
export function imageHeaders(facts: Facts): Record<string, string> {
  const svg = facts.contentType === formats.svg.type;
  return {
    "content-type": facts.contentType,
    // Before Content-Length: after it, node:http (20) makes a Buffer of it and reads it back, a tenth of a hit.
    "content-disposition": disposition(facts.key, facts.contentType),
    "content-length": String(facts.bytes),
    etag: facts.etag,
    "cache-control": facts.cacheControl,
    "cache-status": cacheStatus(facts.cache),
    ...(facts.negotiated && !svg && { vary: "Accept" }),
    ...(svg && { "content-security-policy": SVG_POLICY }),
  };
}

/** A strong validator (RFC 9110 §8.8.1), from the hash of a body or of a value that identifies it. */
export function etagOf(content: string | Uint8Array): string {
  return `"${hash("sha256", content, "hex").slice(0, 32)}"`;
}

/** RFC 9211: `hit` and `fwd` exclude each other; an original is never in the cache. */
export function cacheStatus(cache: CacheOutcome): string {
  return `imgproxy-lite; ${cacheWords[cache]}`;
}

/** A stale hit while a new one is being made: nothing has failed. */
export const renewingStatus = "imgproxy-lite; hit; detail=stale-while-revalidate";

// --- parts ---

const cacheWords = {
  hit: "hit",
  miss: "fwd=miss",
  stale: "hit; detail=stale-if-error",
  none: "fwd=bypass",
} as const;

/** The name for "save image as": the key's last part, with the extension of the actual format. RFC 6266. */
function disposition(key: string, contentType: string): string {
  const name = fileName(key, contentType);
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  if (plain === name) return `inline; filename="${name}"`;
  return `inline; filename="${plain}"; filename*=UTF-8''${extendedValue(name)}`;
}

function fileName(key: string, contentType: string): string {
  const last = key.split("/").findLast((segment) => segment !== "") ?? "image";
  const format = formatByType.get(contentType);
  if (format === undefined) return last;
  const known = formats[format].extensions;
  const dot = last.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [last.slice(0, dot), last.slice(dot + 1)] : [last, ""];
  return known.some((one) => one === extension.toLowerCase()) ? last : `${stem}.${known[0]}`;
}

/** The value of RFC 8187: delimiters that encodeURIComponent leaves are escaped too. */
function extendedValue(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
