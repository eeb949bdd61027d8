import { linesOf } from "../../lines.ts";
import { DataTooLarge, parseData } from "../../site/config/data.ts";
import { type ConfigTree, isTree, lowerKeys } from "../../site/config/tree.ts";
import { findFrontMatter, frontMatterFault } from "./fences.ts";
import { looseValues } from "./loose-values.ts";

/** A content file in two parts: the data that Hugo reads, and the text that it renders. */
export interface SplitPage {
  /** Keys in lower case; empty without front matter. */
  readonly values: ConfigTree;
  /** The text after the front matter, and where in the file it begins (both from 1). */
  readonly body: string;
  readonly bodyStart: { readonly line: number; readonly column: number };
  /** The front matter as written, and the line on which it begins (from 1). */
  readonly text: string;
  readonly line: number;
  /** The parser's error, if the front matter does not parse; `values` are then read line by line. */
  readonly problem?: string;
  /** Whether the error is a limit of the scan: Hugo may accept the file. */
  readonly overLimit?: boolean;
  /** What Hugo takes for front matter and cannot read, so that its build fails. */
  readonly fault?: string;
}

/** YAML between `---`, TOML between `+++`, a JSON object or Org's `#+` lines, recognised as Hugo does. */
export function splitFrontMatter(file: string, hugoMinor: number): SplitPage {
  const found = findFrontMatter(file);
  if (found === undefined) {
    const fault = frontMatterFault(file);
    const whole = { values: {}, body: file, bodyStart: { line: 1, column: 1 }, text: "" };
    return fault === undefined
      ? { ...whole, line: 1 }
      : { ...whole, line: linesOf(file)(file.search(/[^\ufeff\s]/)).line, fault };
  }
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
