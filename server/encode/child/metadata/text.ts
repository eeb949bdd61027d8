import { isUtf8 } from "node:buffer";
import { metaLimits, unfitForText } from "../../../../contract/meta.ts";

/** Text of metadata as its writer meant it: UTF-8 where it is valid, else Windows' Latin-1, as older programs write it. */
export function decodeText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString();
  return withoutHalf(bytes) ?? Buffer.from(bytes).toString("latin1");
}

/** UTF-8 that a program has cut inside its last character; undefined where no other character says that it is UTF-8. */
function withoutHalf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return /[^\0-\x7f]/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** A text that the library has decoded where it is valid UTF-8, and otherwise left as one character a byte. */
export function redecoded(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  return bytes.toString("latin1") === text && !isUtf8(bytes) ? decodeText(bytes) : text;
}

/** The same text in an attribute or an element. */
export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * One line without controls, no longer than a field may be; undefined when nothing is left. HTML in it stays text.
 */
export function cleaned(text: string | undefined): string | undefined {
  const line = text
    ?.replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80] ?? " ")
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(unfit, "")
    .trim();
  return line === undefined || line === "" ? undefined : cut(line);
}

const unfit = new RegExp(unfitForText, "gu");

/** What Windows has where Latin-1 and Unicode have controls that nobody writes. */
const WINDOWS_1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/** At the end of a character. */
function cut(line: string): string {
  const bytes = Buffer.from(line);
  if (bytes.length <= metaLimits.textBytes) return line;
  return new TextDecoder().decode(bytes.subarray(0, metaLimits.textBytes), { stream: true }).trimEnd();
}
