import { type ConfigTree, isTree, lowerKeys, parseData } from "../site/tree.ts";

/** A content file in two: what Hugo reads as data, and what it renders. */
export interface SplitPage {
  /** Keys lower-cased; empty where there is none. */
  readonly values: ConfigTree;
  /** The file with its front matter blanked, so that a position in it is a position in the file. */
  readonly body: string;
  /** The front matter as written, and the line of the file it begins on (from 1). */
  readonly text: string;
  readonly line: number;
  /** Why the front matter does not parse, in the parser's words. */
  readonly problem?: string;
}

/** YAML between `---`, TOML between `+++`, or a JSON object, as Hugo tells them apart. */
export function splitFrontMatter(file: string): SplitPage {
  const start = file.search(/[^\ufeff\s]/);
  const found = start === -1 ? undefined : (fenced(file, start) ?? json(file, start));
  if (found === undefined) return { values: {}, body: file, text: "", line: 1 };
  const split = {
    body: blank(file.slice(0, found.end)) + file.slice(found.end),
    text: found.text,
    line: lineAt(file, found.textStart),
  };
  try {
    const values = lowerKeys(parseData(found.text, found.extension) ?? {});
    if (!isTree(values)) throw new Error("the front matter is not a table of keys and values");
    return { ...split, values };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { ...split, values: {}, problem: words.split("\n", 1)[0] ?? words };
  }
}

/** Spaces in the place of everything but line ends: what follows keeps its line and its column. */
export function blank(text: string): string {
  return text.replace(/[^\r\n]/g, " ");
}

// --- parts ---

interface Found {
  readonly text: string;
  readonly textStart: number;
  readonly extension: "yaml" | "toml" | "json";
  /** After the closing line. */
  readonly end: number;
}

function fenced(file: string, start: number): Found | undefined {
  const fence = file.slice(start, start + 3);
  if (fence !== "---" && fence !== "+++") return undefined;
  const opening = /^[^\S\r\n]*(?:\r\n|\r|\n)/.exec(file.slice(start + 3));
  if (opening === null) return undefined;
  const textStart = start + 3 + opening[0].length;
  const closing = new RegExp(`^${fence === "---" ? "---" : "\\+\\+\\+"}[^\\S\\r\\n]*$`, "m").exec(
    file.slice(textStart),
  );
  if (closing === null) return undefined;
  const text = file.slice(textStart, textStart + closing.index);
  const end = textStart + closing.index + closing[0].length;
  return { text, textStart, extension: fence === "---" ? "yaml" : "toml", end };
}

/** The object that the file begins with, by its braces. */
function json(file: string, start: number): Found | undefined {
  if (file.charAt(start) !== "{" || file.startsWith("{{", start)) return undefined;
  let depth = 0;
  const tokens = /"(?:\\.|[^"\\])*"|[{}]/gs;
  tokens.lastIndex = start;
  for (let token = tokens.exec(file); token !== null; token = tokens.exec(file)) {
    if (token[0] === "{") depth++;
    else if (token[0] === "}") depth--;
    if (depth === 0)
      return {
        text: file.slice(start, tokens.lastIndex),
        textStart: start,
        extension: "json",
        end: tokens.lastIndex,
      };
  }
  return undefined;
}

function lineAt(file: string, offset: number): number {
  return file.slice(0, offset).split(/\r\n|\r|\n/).length;
}
