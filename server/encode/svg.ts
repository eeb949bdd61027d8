import type { Probe } from "./encoder.ts";

/** Where a root element that is not found by now is not looked for. */
const HEAD_BYTES = 65_536;

/**
 * An SVG's size by its root element: `width` and `height` in pixels, else its `viewBox`, else 0. It is read as text: an
 * SVG is never rendered here.
 */
export function describeSvg(original: Uint8Array): Probe {
  const text = new TextDecoder().decode(original.subarray(0, HEAD_BYTES));
  const [, attributes = ""] = /<svg(?=[\s/>])([^>]*)/.exec(withoutComments(text)) ?? [];
  const [, , boxWidth = 0, boxHeight = 0] = (attribute(attributes, "viewBox") ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const width = pixels(attribute(attributes, "width"));
  const height = pixels(attribute(attributes, "height"));
  const ratio = boxWidth > 0 && boxHeight > 0 ? boxWidth / boxHeight : 0;
  return {
    type: "image/svg+xml",
    width: rounded(width ?? (height !== undefined && ratio > 0 ? height * ratio : boxWidth)),
    height: rounded(height ?? (width !== undefined && ratio > 0 ? width / ratio : boxHeight)),
    frames: 1,
    alpha: true,
  };
}

// --- text ---

/** By hand, not by one expression: a comment that never ends must not cost a search from each of its starts. */
function withoutComments(text: string): string {
  const kept: string[] = [];
  for (let from = 0; ; ) {
    const start = text.indexOf("<!--", from);
    const end = start === -1 ? -1 : text.indexOf("-->", start);
    if (end === -1) return kept.join("") + text.slice(from, start === -1 ? undefined : start);
    kept.push(text.slice(from, start));
    from = end + 3;
  }
}

function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
  return found?.[1] ?? found?.[2];
}

/** A length without a unit or in px; of others (%, em) nothing is known here. */
function pixels(length: string | undefined): number | undefined {
  const [, number] = /^\s*([0-9]{1,7}(?:\.[0-9]{1,9})?)(?:px)?\s*$/.exec(length ?? "") ?? [];
  return number === undefined ? undefined : Number(number);
}

function rounded(length: number): number {
  return Number.isFinite(length) && length > 0 ? Math.round(length) : 0;
}
