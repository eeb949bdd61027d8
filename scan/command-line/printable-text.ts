import { printableLines } from "../../contract/printable.ts";

/** Safe for a terminal. Texts of files have tabs. */
export function printableText(text: string): string {
  return text.split("\t").map(printableLines).join("\t");
}
