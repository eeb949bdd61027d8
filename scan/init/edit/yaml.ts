import type { Edit, Scalar } from "./edit.ts";
import { inlineCandidates } from "./inline.ts";
import {
  appendLines,
  indentOf,
  insertLines,
  isBlank,
  isComment,
  linesOf,
  replaceLine,
  startWithComments,
} from "./lines.ts";

/** A key of a block mapping, on the way to a value. */
interface Found {
  readonly line: number;
  readonly indent: string;
  /** What follows the colon, without a comment. */
  readonly rest: string;
  /** The line after its block. */
  readonly end: number;
}

/** Texts with the change, from the most to the least natural; some may be wrong. */
export function* yamlCandidates(text: string, edit: Edit): Generator<string> {
  const lines = linesOf(text);
  const found = findPath(lines, edit.path);
  const missing = edit.path.slice(found.length);
  const last = found.at(-1);
  if (missing.length > 0) {
    const added = (indent: string, step: string) => newLines(edit, missing, indent, step);
    if (last === undefined) yield* addedAtRoot(text, lines, added("", stepOf(lines)));
    else if (last.rest === "") {
      const child = lines.findIndex(
        (line, at) => at > last.line && at < last.end && !isBlank(line) && !isComment(line),
      );
      const indent = child === -1 ? last.indent + stepOf(lines) : indentOf(lines[child] ?? "");
      yield insertLines(text, lastContent(lines, last.line, last.end) + 1, added(indent, stepOf(lines)));
    }
  } else if (last !== undefined && edit.kind === "set") {
    const [, start = "", , comment = ""] =
      /^(\s*(?:"[^"]*"|'[^']*'|[^:#]+):\s*)("[^"]*"|'[^']*'|\[[^\]]*\]|.*?)(\s+#.*)?$/.exec(
        lines[last.line] ?? "",
      ) ?? [];
    yield replaceLine(text, last.line, `${start.trimEnd()} ${written(edit.value)}${comment}`);
  } else if (last !== undefined && edit.kind === "prepend") {
    const item = lines.findIndex((line, at) => at > last.line && at < last.end && /^\s*-(?:\s|$)/.test(line));
    if (item !== -1)
      yield insertLines(text, startWithComments(lines, item), [
        `${indentOf(lines[item] ?? "")}- path: ${written(edit.value)}`,
      ]);
    if (/^\[\s*\]$/.test(last.rest)) {
      const key = (lines[last.line] ?? "").replace(/\[\s*\]/, "").trimEnd();
      yield insertLines(replaceLine(text, last.line, key), last.line + 1, [
        `${last.indent}${stepOf(lines)}- path: ${written(edit.value)}`,
      ]);
    }
  }
  yield* inlineCandidates(text, edit, { sign: ":", written });
}

// --- search ---

/** The keys of a path that exist, from the root on. */
function findPath(lines: readonly string[], path: readonly string[]): Found[] {
  const found: Found[] = [];
  let [start, end, outer] = [0, lines.length, -1];
  for (const name of path) {
    const key = findKey(lines, { start, end, outer }, name);
    if (key === undefined) break;
    found.push(key);
    [start, end, outer] = [key.line + 1, key.end, key.indent.length];
  }
  return found;
}

function findKey(
  lines: readonly string[],
  { start, end, outer }: { readonly start: number; readonly end: number; readonly outer: number },
  name: string,
): Found | undefined {
  let own: number | undefined;
  for (let line = start; line < end; line++) {
    const text = lines[line] ?? "";
    if (isBlank(text) || isComment(text) || /^(?:---|\.\.\.)(?:\s|$)/.test(text)) continue;
    const depth = indentOf(text).length;
    own ??= depth;
    if (depth !== own || depth <= outer) continue;
    const [, key, rest = ""] = /^\s*("[^"]*"|'[^']*'|[^\s:#'"-][^:#]*?)\s*:(?:\s+(.*))?$/.exec(text) ?? [];
    if (key?.replace(/^["']|["']$/g, "").toLowerCase() !== name.toLowerCase()) continue;
    return {
      line,
      indent: indentOf(text),
      rest: rest.replace(/(?:^|\s+)#.*$/, "").trim(),
      end: blockEnd(lines, line, end, depth),
    };
  }
  return undefined;
}

/** A list may stand in the column of its key. */
function blockEnd(lines: readonly string[], key: number, end: number, depth: number): number {
  for (let line = key + 1; line < end; line++) {
    const text = lines[line] ?? "";
    if (isBlank(text) || isComment(text)) continue;
    const own = indentOf(text).length;
    if (own < depth || (own === depth && !/^\s*-(?:\s|$)/.test(text))) return line;
  }
  return end;
}

function lastContent(lines: readonly string[], start: number, end: number): number {
  let last = end - 1;
  while (last > start && (isBlank(lines[last] ?? "") || isComment(lines[last] ?? ""))) last--;
  return last;
}

// --- new lines ---

/** At the end of the document, or after its first line, if something follows the document's end. */
function* addedAtRoot(text: string, lines: readonly string[], added: readonly string[]): Generator<string> {
  yield appendLines(text, added);
  const end = lines.findIndex((line, at) => at > 0 && /^\.\.\.(?:\s|$)/.test(line));
  if (end !== -1) yield insertLines(text, end, added);
}

function newLines(edit: Edit, missing: readonly string[], indent: string, step: string): string[] {
  const keys = missing.map((key, depth) => `${indent}${step.repeat(depth)}${quoted(key)}:`);
  const depth = indent + step.repeat(missing.length - 1);
  const last = keys.pop() ?? "";
  if (edit.kind === "prepend") return [...keys, last, `${depth}${step}- path: ${written(edit.value)}`];
  const comment = edit.comment?.split("\n").map((line) => `${depth}# ${line}`) ?? [];
  return [...keys, ...comment, `${last} ${written(edit.value)}`];
}

/** The file's own step of indentation. */
function stepOf(lines: readonly string[]): string {
  const nested = lines.find(
    (line, at) => /^ +[^\s#-]/.test(line) && /^[^\s#-].*:\s*$/.test(lines[at - 1] ?? ""),
  );
  return nested === undefined ? "  " : indentOf(nested);
}

function quoted(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
}

/** JSON is YAML. */
function written(value: Scalar): string {
  return typeof value === "object"
    ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]`
    : JSON.stringify(value);
}
