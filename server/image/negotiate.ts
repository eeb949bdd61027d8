import {
  type Format,
  formats,
  namedInAccept,
  type ReaderClass,
  readerClass,
  type VariantClass,
} from "../../contract/formats.ts";

/**
 * The format for a reader: an explicit `fm` unchanged, otherwise by `Accept`. A wildcard counts as nothing: old browsers send
 * one and can show neither WebP nor AVIF.
 */
export function negotiate(accept: string | null | undefined, format?: Format): VariantClass {
  if (format !== undefined) return format;
  if (!accept) return "auto";
  const known = classes.get(accept);
  if (known !== undefined) return known;
  const negotiated = classOf(accept);
  // Browsers send few different values; other clients must not fill the memory.
  if (classes.size < MAX_REMEMBERED && accept.length <= MAX_LENGTH) classes.set(accept, negotiated);
  return negotiated;
}

// --- Accept, RFC 9110 §12.5.1 ---

const MAX_REMEMBERED = 64;
const MAX_LENGTH = 256;
const classes = new Map<string, ReaderClass>();

/** A format counts if it is named, not refused by `q=0`, and not less preferred than a format below it in the table. */
function classOf(accept: string): ReaderClass {
  const weights = parseAccept(accept);
  const weight = (format: Format): number => weights.get(formats[format].type) ?? 0;
  let most = Math.max(weight("jpg"), weight("png"));
  const accepted: Format[] = [];
  for (const format of [...namedInAccept].reverse()) {
    if (weight(format) > 0 && weight(format) >= most) accepted.push(format);
    most = Math.max(most, weight(format));
  }
  return readerClass(accepted);
}

function parseAccept(accept: string): Map<string, number> {
  const weights = new Map<string, number>();
  // A quoted value can contain commas and semicolons; no weight has one.
  const text = accept.slice(0, 4096).replace(/"(?:[^"\\]|\\.)*"?/g, '"');
  for (const range of text.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter));
    weights.set(type, q === undefined ? 1 : parseWeight(q.slice(2)));
  }
  return weights;
}

/** An invalid weight counts as a refusal: every browser can show JPEG. */
function parseWeight(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
