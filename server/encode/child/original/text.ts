/** Decodes a text of metadata: as UTF-8 if it is valid, otherwise as Latin-1, as older programs write it. */
export function decodeText(bytes: Uint8Array): string {
  try {
    // An incomplete character at the end is removed.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** Resolves character references in an XML text (XML 1.0 §4.1, §4.6); other entities stay. */
export function decodeReferences(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (whole, decimal, hex, name) => {
      if (name !== undefined) return named[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Escapes a text for an attribute or an element. */
export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One line without control characters, of limited length; undefined if nothing is left. */
export function cleaned(text: string | undefined): string | undefined {
  const line = text
    ?.replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 500);
  return line === "" ? undefined : line;
}
