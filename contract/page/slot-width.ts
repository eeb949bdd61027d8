import { calc } from "@csstools/css-calc";
import {
  type ComponentValue,
  parseCommaSeparatedListOfComponentValues,
} from "@csstools/css-parser-algorithms";
import {
  type CSSToken,
  isTokenComment,
  isTokenDimension,
  isTokenWhitespace,
  stringify,
  tokenize,
} from "@csstools/css-tokenizer";
import { conditionHolds } from "./media-condition.ts";

/**
 * How wide a browser lays out an image, by its `sizes` attribute (HTML, 4.8.4.3.7), in CSS pixels.
 * @param viewport its width in CSS pixels.
 * @returns undefined if that cannot be computed here: a unit that depends on fonts or on the height, a condition on anything but
 *   the width, or a text that is no `sizes`. `auto` counts as what follows it, for browsers that do not know it.
 */
export function slotWidth(sizes: string, viewport: number): number | undefined {
  if (sizes.length > LONGEST) return undefined;
  const entries = parseCommaSeparatedListOfComponentValues(tokenize({ css: sizes })).map(withoutSpace);
  const [first = [], ...others] = entries;
  const list = textOf(first).toLowerCase() === "auto" ? others : entries;
  // Without `sizes`, and after `auto` alone.
  if (list.every((entry) => entry.length === 0)) return viewport;
  for (const entry of list) {
    const length = entry.at(-1);
    const condition = textOf(entry.slice(0, -1));
    const holds =
      condition === "" || conditionHolds(condition, (css) => pixelsOf(tokenize({ css }), viewport), viewport);
    if (holds === undefined || length === undefined) return undefined;
    if (holds) return pixelsOf(length.tokens(), viewport);
  }
  return viewport;
}

const LONGEST = 4_000;

/** Of browsers, unless their reader has changed it. */
const FONT_PIXELS = 16;

/** @returns undefined for any other unit, and for a negative length. */
function pixelsOf(tokens: readonly CSSToken[], viewport: number): number | undefined {
  const units: Readonly<Record<string, number>> = {
    px: 1,
    vw: viewport / 100,
    rem: FONT_PIXELS,
    em: FONT_PIXELS,
  };
  let css = "";
  for (const token of tokens) {
    if (isTokenDimension(token)) {
      const { value, unit } = token[4];
      const pixels = units[unit.toLowerCase()];
      if (pixels === undefined) return undefined;
      css += `${value * pixels}px`;
    } else css += stringify(token);
  }
  const [, pixels] = /^(\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?:px)?$/i.exec(calc(`calc(${css})`)) ?? [];
  return pixels === undefined ? undefined : Number(pixels);
}

function withoutSpace(entry: readonly ComponentValue[]): readonly ComponentValue[] {
  const isSpace = (value: ComponentValue): boolean =>
    value
      .tokens()
      .every((token) => isTokenWhitespace(token) || isTokenComment(token) || token[0] === "EOF-token");
  const from = entry.findIndex((value) => !isSpace(value));
  return from === -1 ? [] : entry.slice(from, entry.findLastIndex((value) => !isSpace(value)) + 1);
}

function textOf(values: readonly ComponentValue[]): string {
  return stringify(...values.flatMap((value) => value.tokens())).trim();
}
