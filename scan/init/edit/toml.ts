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

/** A table of a TOML file: its header and the lines up to the next one. */
interface Section {
  /** `[module]`: `["module"]`; empty for the lines before the first header. */
  readonly path: readonly string[];
  /** Whether it is `[[…]]`. */
  readonly isEntry: boolean;
  /** The header's line; -1 for the lines before the first header. */
  readonly start: number;
  /** The line after its last one. */
  readonly end: number;
}

/** Texts with the change, from the most to the least natural; some may be wrong. */
export function* tomlCandidates(text: string, edit: Edit): Generator<string> {
  const lines = linesOf(text);
  const sections = sectionsOf(lines);
  if (edit.kind === "prepend") yield* prepended(text, lines, sections, edit);
  else {
    yield* replaced(text, lines, sections, edit);
    yield* added(text, lines, sections, edit);
  }
  yield* inlineCandidates(text, edit, { sign: "=", written });
}

// --- values ---

type SetEdit = Extract<Edit, { readonly kind: "set" }>;

/** On the line of the key: `sizes = "…" # comment`. */
function* replaced(
  text: string,
  lines: readonly string[],
  sections: readonly Section[],
  { path, value }: SetEdit,
): Generator<string> {
  for (const { path: at, start, end, isEntry } of sections) {
    if (isEntry || !startsWith(path, at)) continue;
    const key = dotted(path.slice(at.length)).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(
      `^(\\s*${key}\\s*=\\s*)(?:"[^"\\\\]*"|'[^']*'|\\[[^\\]]*\\]|[^\\s#"']+)(\\s*(?:#.*)?)$`,
      "i",
    );
    for (let line = start + 1; line < end; line++) {
      const match = pattern.exec(lines[line] ?? "");
      if (match !== null) yield replaceLine(text, line, `${match[1]}${written(value)}${match[2]}`);
    }
  }
}

/** In the table itself, else in a new table at the end, else with dots in a table above it. */
function* added(
  text: string,
  lines: readonly string[],
  sections: readonly Section[],
  { path, value, comment }: SetEdit,
): Generator<string> {
  const lineIn = (from: number, indent: string) => [
    ...commentLines(comment, indent),
    `${indent}${dotted(path.slice(from))} = ${written(value)}`,
  ];
  const inSection = ({ path: at, start, end }: Section): string => {
    const last = lastContent(lines, start, end);
    return insertLines(text, last + 1, lineIn(at.length, keyIndent(lines, start, last)));
  };
  const tables = sections.filter(({ path: at, isEntry }) => !isEntry && startsWith(path, at));
  const own = tables.filter(
    ({ path: at, start }) => at.length === path.length - 1 && (start >= 0 || path.length === 1),
  );
  for (const section of own) yield inSection(section);
  const parents = tables.filter(({ path: at }) => at.length < path.length - 1);
  if (path.length > 1) {
    const header = `[${dotted(path.slice(0, -1))}]`;
    // Beside `[[module.imports]]`, a table's own keys are easier to find before it.
    const entry = sections.find(({ path: at, isEntry }) => isEntry && startsWith(at, path.slice(0, -1)));
    if (entry !== undefined)
      yield insertLines(text, startWithComments(lines, entry.start), [
        header,
        ...lineIn(path.length - 1, "  "),
        "",
      ]);
    yield appendLines(text, [header, ...lineIn(path.length - 1, "  ")]);
  }
  for (const parent of parents.toReversed()) yield inSection(parent);
}

// --- imports ---

function* prepended(
  text: string,
  lines: readonly string[],
  sections: readonly Section[],
  { path, value }: Edit & { readonly kind: "prepend" },
): Generator<string> {
  const header = `[[${dotted(path)}]]`;
  const block = (indent: string) => [`${indent}${header}`, `${indent}  path = ${written(value)}`];
  for (const entry of sections.filter(({ path: at, isEntry }) => isEntry && isSame(at, path))) {
    const indent = indentOf(lines[entry.start] ?? "");
    yield insertLines(text, startWithComments(lines, entry.start), [...block(indent), ""]);
  }
  const name = path.at(-1) ?? "";
  for (const [at, line] of lines.entries()) {
    const match = new RegExp(`^(\\s*(?:[\\w-]+\\.)*${name}\\s*=\\s*\\[)(.*)$`, "i").exec(line);
    if (match === null) continue;
    const rest = match[2] ?? "";
    const entry = `{path = ${written(value)}}`;
    if (isBlank(rest)) yield insertLines(text, at + 1, [`${indentOf(lines[at + 1] ?? "  ")}${entry},`]);
    yield replaceLine(text, at, `${match[1]}${entry}${rest.trimStart().startsWith("]") ? "" : ", "}${rest}`);
  }
  yield appendLines(text, block(""));
}

// --- lines ---

/** Text in several lines can look like headers; then a candidate is wrong, and another one is used. */
function sectionsOf(lines: readonly string[]): Section[] {
  const starts: Omit<Section, "end">[] = [{ path: [], isEntry: false, start: -1 }];
  for (const [start, line] of lines.entries()) {
    const [, open, name = ""] = /^\s*(\[\[?)\s*([^[\]]+?)\s*\]\]?\s*(?:#.*)?$/.exec(line) ?? [];
    if (open !== undefined) starts.push({ path: keysOf(name), isEntry: open === "[[", start });
  }
  return starts.map((section, at) => ({ ...section, end: starts[at + 1]?.start ?? lines.length }));
}

function keysOf(name: string): string[] {
  return Array.from(
    name.matchAll(/"([^"]*)"|'([^']*)'|[^.\s]+/g),
    ([bare, double, single]) => double ?? single ?? bare,
  );
}

/** The last line that is neither empty nor a comment of the next table. */
function lastContent(lines: readonly string[], start: number, end: number): number {
  let last = end - 1;
  while (last > start && (isBlank(lines[last] ?? "") || isComment(lines[last] ?? ""))) last--;
  return last;
}

function keyIndent(lines: readonly string[], start: number, last: number): string {
  if (last > start) return indentOf(lines[start + 1] ?? "");
  return start === -1 ? "" : `${indentOf(lines[start] ?? "")}  `;
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.length <= path.length && isSame(path.slice(0, start.length), start);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join("\n").toLowerCase() === b.join("\n").toLowerCase();
}

function dotted(path: readonly string[]): string {
  return path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join(".");
}

/** JSON's strings and lists are TOML's too. */
function written(value: Scalar): string {
  return typeof value === "object"
    ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]`
    : JSON.stringify(value);
}

function commentLines(comment: string | undefined, indent: string): string[] {
  return comment === undefined ? [] : comment.split("\n").map((line) => `${indent}# ${line}`);
}
