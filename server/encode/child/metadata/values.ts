import { isUtf8 } from "node:buffer";
import { decodeText, redecoded } from "./text.ts";

/** A member of what the library has read; undefined where there is none, or nothing that has members. */
export function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}

/** The value of a tag. */
export function tagValue(tags: unknown, name: string): unknown {
  return member(member(tags, name), "value");
}

// --- EXIF ---

/** What the library has for a value that is beyond the block. */
const FAULTY = "<faulty value>";

/** A text: the library splits ASCII at its zeros. */
export function exifText(exif: unknown, name: string): string | undefined {
  const value = tagValue(exif, name);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter((part) => typeof part === "string" && part !== FAULTY)
    .map(redecoded)
    .join(" ");
}

/** A text of Windows' own tags, which is UTF-16 in bytes. */
export function windowsText(exif: unknown, name: string): string | undefined {
  const bytes = bytesOf(tagValue(exif, name));
  return bytes && new TextDecoder("utf-16le").decode(bytes);
}

/** `UserComment`, whose first eight bytes name its encoding (EXIF 2.32 §4.6.5, table 9). */
export function userComment(exif: unknown): string | undefined {
  const bytes = bytesOf(tagValue(exif, "UserComment"));
  if (bytes === undefined || bytes.length <= 8) return undefined;
  const text = bytes.subarray(8);
  switch (bytes.toString("latin1", 0, 8)) {
    case "ASCII\0\0\0":
      return decodeText(text);
    case "UNICODE\0":
      return isUtf8(text) && !text.includes(0) ? text.toString() : decodeUtf16(text);
    case "JIS\0\0\0\0\0":
      return new TextDecoder("iso-2022-jp").decode(text);
    case "\0\0\0\0\0\0\0\0":
      // Of an unknown encoding. Telephones write UTF-8 here, and other programs bytes that are no text.
      return isUtf8(text) && text.every(isOfText) ? text.toString() : undefined;
    default:
      return undefined;
  }
}

/** Zeros fill the rest of a comment. */
function isOfText(byte: number): boolean {
  return byte >= 0x20 || [0, 9, 10, 13].includes(byte);
}

/** The byte order is the file's by the letter, and the writer's own in fact: the half that has the zeros tells. */
function decodeUtf16(text: Buffer): string {
  const zeros = (odd: number) => text.filter((byte, at) => byte === 0 && at % 2 === odd).length;
  const isBig =
    text.toString("latin1", 0, 2) === "\xfe\xff" ||
    (text.toString("latin1", 0, 2) !== "\xff\xfe" && zeros(0) > zeros(1));
  return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(text);
}

/** A number or a fraction; undefined where it is none. */
export function exifNumber(exif: unknown, name: string): number | undefined {
  const value = tagValue(exif, name);
  if (typeof value === "number") return value;
  if (!Array.isArray(value)) return undefined;
  const [first, second = 1]: readonly unknown[] = value;
  return typeof first === "number" && typeof second === "number" ? finite(first / second) : undefined;
}

// --- IPTC ---

/** The texts of a dataset, from their bytes: UTF-8 where they are that, with and without the mark of it (ESC % G). */
export function iptcTexts(iptc: unknown, name: string): string[] {
  const found = member(iptc, name);
  return (Array.isArray(found) ? found : [found]).flatMap((tag) => {
    const bytes = bytesOf(member(tag, "value"));
    return bytes === undefined ? [] : [decodeText(bytes)];
  });
}

// --- XMP ---

/**
 * A text, also as the first of a list, or of several languages the one that is marked as the default. Some editors write the default
 * without a text, beside a language that has one.
 */
export function xmpText(xmp: unknown, name: string): string | undefined {
  const value = tagValue(xmp, name);
  if (!Array.isArray(value)) return typeof value === "string" ? value : undefined;
  const items: readonly unknown[] = value;
  const isDefault = (item: unknown) =>
    String(member(member(item, "attributes"), "lang")).toLowerCase() === "x-default";
  const texts = [...items.filter(isDefault), ...items].map((item) => member(item, "value"));
  return texts.filter((text) => typeof text === "string").find((text) => text.trim() !== "");
}

export function xmpTexts(xmp: unknown, name: string): string[] {
  const value = tagValue(xmp, name);
  const items: readonly unknown[] = Array.isArray(value)
    ? value.map((item) => member(item, "value"))
    : [value];
  return items.filter((item) => typeof item === "string");
}

/** A number, or a fraction: `28/10`. */
export function xmpNumber(xmp: unknown, name: string): number | undefined {
  return numberIn(xmpText(xmp, name));
}

export function numberIn(text: unknown): number | undefined {
  const [, first, second = "1"] =
    /^\s*(-?\d{1,10}(?:\.\d{1,20})?)(?:\/(\d{1,10}))?\s*$/.exec(String(text)) ?? [];
  return first === undefined ? undefined : finite(Number(first) / Number(second));
}

// --- parts ---

function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}

function bytesOf(value: unknown): Buffer | undefined {
  return Array.isArray(value) && value.every((byte) => typeof byte === "number")
    ? Buffer.from(value)
    : undefined;
}
