import { linesOf } from "../../lines.ts";
import { DataTooLarge, parseData } from "../../site/config/data.ts";
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
  /** Whether that is a limit of the scan: Hugo may well take it. */
  readonly overLimit?: boolean;
}

/** YAML between `---`, TOML between `+++`, a JSON object or Org's `#+` lines, as Hugo tells them apart. */
export function splitFrontMatter(file: string, hugoMinor: number): SplitPage {
  const found = findFrontMatter(file);
  if (found === undefined)
    return { values: {}, body: file, bodyStart: { line: 1, column: 1 }, text: "", line: 1 };
  const text = file.slice(found.start, found.end);
  const placeOf = linesOf(file.slice(0, found.bodyStart));
  const { line } = placeOf(found.start);
  const split = { body: file.slice(found.bodyStart), bodyStart: placeOf(found.bodyStart), text, line };
  try {
    const values = lowerKeys(parseData(text, found.format, hugoMinor) ?? {});
    if (!isTree(values)) throw new Error("it is not a table of keys and values");
    return { ...split, values };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return {
      ...split,
      values: looseValues(text),
      problem: words.split("\n", 1)[0] ?? words,
      overLimit: error instanceof DataTooLarge,
    };
  }
}
