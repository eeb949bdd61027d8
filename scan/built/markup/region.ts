import { decodeHTMLAttribute, decodeXML } from "entities";
import { lastAtMost } from "../../lines.ts";

/** A part of a file with escapes resolved; it knows the file offset of each of its characters. */
export interface Region {
  readonly text: string;
  /** The offset in the file of an offset in `text`. */
  at(offset: number): number;
  /** Escapes a replacement for a part of this text as the file needs it. */
  escape(text: string): string;
}

/** A file without escapes. */
export function wholeRegion(text: string): Region {
  return { text, at: (offset) => offset, escape: (inner) => inner };
}

/** A part of a region, with its escapes unchanged. */
export function regionPart(region: Region, start: number, end: number): Region {
  return {
    text: region.text.slice(start, end),
    at: (offset) => region.at(start + offset),
    escape: region.escape,
  };
}

/** The value of an HTML attribute: `&amp;` is `&`, `?a=1&copy=2` stays. */
export function attributeRegion(region: Region): Region {
  const decode = (entity: string, next: string) =>
    next === "=" ? decodeHTMLAttribute(`${entity}=`).slice(0, -1) : decodeHTMLAttribute(entity);
  return unescapedRegion(region, /&[#a-z0-9]+;?/gi, decode, escapeHtml);
}

/** Text or an attribute of XML. */
export function xmlRegion(region: Region): Region {
  return unescapedRegion(region, /&[#a-z0-9]+;/gi, decodeXML, escapeHtml);
}

/** The text between the quotes of a JSON string. */
export function jsonStringRegion(region: Region): Region {
  const decode = (sequence: string): string => {
    try {
      return String(JSON.parse(`"${sequence}"`));
    } catch {
      return sequence;
    }
  };
  const encode = (text: string) => JSON.stringify(text).slice(1, -1).replaceAll("<", "\\u003c");
  return unescapedRegion(region, /\\(?:u[0-9a-f]{4}|[^u])/gi, decode, encode);
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&#34;")
    .replaceAll("'", "&#39;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

// --- escapes ---

/** @param pattern of an escape. */
function unescapedRegion(
  region: Region,
  pattern: RegExp,
  decode: (sequence: string, next: string) => string,
  encode: (text: string) => string,
): Region {
  const { text: escaped } = region;
  const parts: string[] = [];
  // Start of each part, in the text and in the region around it. Escapes and the text between them alternate.
  const starts = [0];
  const origins = [0];
  let length = 0;
  let end = 0;
  const add = (part: string, next: number): void => {
    parts.push(part);
    length += part.length;
    end = next;
    starts.push(length);
    origins.push(end);
  };
  for (const { 0: found, index } of escaped.matchAll(pattern)) {
    add(escaped.slice(end, index), index);
    const after = index + found.length;
    add(decode(found, escaped[after] ?? ""), after);
  }
  const encoded = (inner: string) => region.escape(encode(inner));
  if (end === 0) return { text: escaped, at: region.at, escape: encoded };
  parts.push(escaped.slice(end));
  return {
    text: parts.join(""),
    at(offset) {
      const part = lastAtMost(starts, offset);
      const isEscape = part % 2 === 1;
      return region.at((origins[part] ?? 0) + (isEscape ? 0 : offset - (starts[part] ?? 0)));
    },
    escape: encoded,
  };
}
