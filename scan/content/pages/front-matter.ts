import { parseData } from "../../site/config/data.ts";
import { type ConfigTree, isTree, lowerKeys } from "../../site/config/tree.ts";
import { findFrontMatter } from "./fences.ts";
import { looseValues } from "./loose-values.ts";

/** A content file in two: what Hugo reads as data, and what it renders. */
export interface SplitPage {
  /** Keys lower-cased; empty where there is none. */
  readonly values: ConfigTree;
  /** What follows the front matter, and where in the file it begins (both from 1). */
  readonly body: string;
  readonly bodyStart: { readonly line: number; readonly column: number };
  /** The front matter as written, and the line of the file it begins on (from 1). */
  readonly text: string;
  readonly line: number;
  /** Why the front matter does not parse, in the parser's words; `values` are then what its lines say one by one. */
  readonly problem?: string;
}

/** YAML between `---`, TOML between `+++`, a JSON object or Org's `#+` lines, as Hugo tells them apart. */
export function splitFrontMatter(file: string, hugoMinor: number): SplitPage {
  const found = findFrontMatter(file);
  if (found === undefined)
    return { values: {}, body: file, bodyStart: { line: 1, column: 1 }, text: "", line: 1 };
  const text = file.slice(found.start, found.end);
  const { line } = placeAt(file, found.start);
  const split = { body: file.slice(found.bodyStart), bodyStart: placeAt(file, found.bodyStart), text, line };
  try {
    const values = lowerKeys(parseData(text, found.format, hugoMinor) ?? {});
    if (!isTree(values)) throw new Error("it is not a table of keys and values");
    return { ...split, values };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { ...split, values: looseValues(text), problem: words.split("\n", 1)[0] ?? words };
  }
}

function placeAt(file: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = file.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
