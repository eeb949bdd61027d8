import { decodeHTMLStrict } from "entities";
import type { LocalReference } from "../../content/found.ts";
import { findFrontMatter } from "../../content/pages/fences.ts";
import { splitFrontMatter } from "../../content/pages/front-matter.ts";
import { lexTag } from "../../content/references/shortcodes/shortcode-lexer.ts";
import { pathPart } from "./destination.ts";
import { applyEdits, type Edit } from "./edit.ts";

type Placed = Pick<LocalReference, "line" | "column" | "destination" | "as" | "name">;

/**
 * The edits of a content file that give a reference another path, and keep its query and fragment.
 * @returns empty if the place is written in a form that is not edited here.
 */
export function referenceEdits(text: string, reference: Placed, path: string, hugoMinor: number): Edit[] {
  if (reference.as === "cover") return coverEdits(text, reference, path, hugoMinor);
  if (reference.as !== "image") return [];
  const offset = offsetOf(text, reference);
  if (/^\{\{[<%]/.test(text.slice(offset, offset + 3))) return tagEdits(text, offset, reference, path);
  return markdownEdits(text, offset, reference.destination, path);
}

function offsetOf(text: string, { line, column }: Pick<Placed, "line" | "column">): number {
  const ends = text.matchAll(/\r\n|\r|\n/g);
  let start = 0;
  for (let at = 1; at < line; at++) {
    const end = ends.next();
    if (end.done) return text.length;
    start = end.value.index + end.value[0].length;
  }
  return start + column - 1;
}

// --- Markdown ---

/** `![alt](destination "title")`, or `![alt][label]` with a definition elsewhere. */
function markdownEdits(text: string, offset: number, destination: string, path: string): Edit[] {
  const close = closingBracket(text, offset + 1);
  if (!text.startsWith("![", offset) || close === -1) return [];
  if (text.charAt(close + 1) === "(") return destinationEdit(text, close + 2, destination, path);
  const inner = /^\[([^\]]+)\]/.exec(text.slice(close + 1, close + 1001));
  const label = normalLabel(inner?.[1] ?? text.slice(offset + 2, close));
  for (const found of text.matchAll(DEFINITION))
    if (normalLabel(found[1] ?? "") === label)
      return destinationEdit(text, found.index + found[0].length, destination, path);
  return [];
}

const DEFINITION =
  /^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*\[((?:[^\]\\]|\\.){1,999})\]:(?:[ \t]*\r?\n)?[ \t]*/gm;

function normalLabel(label: string): string {
  return label.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase();
}

/** @param open offset of the opening bracket. @returns -1 if it is not closed. */
function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const mark = text.charAt(at);
    if (mark === "\\") at++;
    else if (mark === "[") depth++;
    else if (mark === "]" && --depth === 0) return at;
  }
  return -1;
}

/** The destination that begins here, in angle brackets or up to a space or the last parenthesis (CommonMark 6.3). */
function destinationEdit(text: string, from: number, destination: string, path: string): Edit[] {
  const white = /[ \t\r\n]*/y;
  white.lastIndex = from;
  const first = from + (white.exec(text)?.[0].length ?? 0);
  const angled = text.charAt(first) === "<";
  const start = angled ? first + 1 : first;
  let end = start;
  for (let depth = 0; end < text.length; end++) {
    const mark = text.charAt(end);
    if (mark === "\\") end++;
    else if (angled ? /[>\r\n]/.test(mark) : /\s/.test(mark)) break;
    else if (!angled && mark === "(") depth++;
    else if (!angled && mark === ")" && --depth < 0) break;
  }
  const raw = text.slice(start, end);
  if (plain(raw) !== destination) return [];
  const suffix = /(?<![&\\])[?#]/.exec(raw)?.index ?? raw.length;
  if (plain(raw.slice(0, suffix)) !== pathPart(destination)) return [];
  return [{ start, end: start + suffix, text: path }];
}

/** Without backslash escapes and entities, as a parser returns it. */
function plain(raw: string): string {
  return raw
    .split(/(\\[!-/:-@[-`{-~])/)
    .map((part, at) => (at % 2 === 1 ? part.slice(1) : decodeHTMLStrict(part)))
    .join("");
}

// --- shortcodes ---

/** What precedes an image's address in a tag: `src=`, `narrow=`, the tag's name, or Markdown in a caption. */
const BEFORE =
  /(?:\b(?:src|narrow)\s*=\s*(?:\\?"|`)?|\]\(\s*<?|^\{\{[<%]\s*[\p{L}\p{N}_/-]+\s+(?:\\?"|`)?)$/u;

function tagEdits(text: string, offset: number, { destination }: Placed, path: string): Edit[] {
  const tag = lexTag(text, offset + 3, text.charAt(offset + 2) === "%" ? "%" : ">");
  if (!("end" in tag) || destination === "") return [];
  const edits: Edit[] = [];
  for (let at = text.indexOf(destination, offset); at !== -1 && at < tag.end; ) {
    const end = at + destination.length;
    if (
      BEFORE.test(text.slice(offset, at)) &&
      /^(?:[\s"`)>]|\\"|\/?>\}\}|%\}\})/.test(text.slice(end, end + 4))
    )
      edits.push({ start: at, end: at + pathPart(destination).length, text: path });
    at = text.indexOf(destination, at + 1);
  }
  return edits;
}

// --- front matter ---

/** An occurrence whose change changes this value and no other. */
function coverEdits(
  text: string,
  { destination, name = "" }: Placed,
  path: string,
  hugoMinor: number,
): Edit[] {
  const found = findFrontMatter(text);
  if (found === undefined || destination === "") return [];
  const before = splitFrontMatter(text, hugoMinor);
  if (before.problem !== undefined) return [];
  for (let at = text.indexOf(destination, found.start); at !== -1 && at < found.end; ) {
    const edit = { start: at, end: at + pathPart(destination).length, text: path };
    const after = splitFrontMatter(applyEdits(text, [edit]), hugoMinor);
    const changed = differences(before.values, after.values);
    const [value] = changed;
    const isOwn = changed.length === 1 && value?.path.join(".").replace(/\.\d+$/, "") === name.toLowerCase();
    if (
      after.problem === undefined &&
      isOwn &&
      value.after === path + destination.slice(pathPart(destination).length)
    )
      return [edit];
    at = text.indexOf(destination, at + 1);
  }
  return [];
}

interface Difference {
  readonly path: readonly string[];
  readonly after: unknown;
}

/** The leaves in which two trees of data differ. */
function differences(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differences(before[name], after[name], [...path, name]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, after }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}
