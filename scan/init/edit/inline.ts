import type { Edit } from "./edit.ts";

/** How a format writes a table on one line. */
export interface InlineSyntax {
  /** Between a key and its value. */
  readonly sign: "=" | ":";
  written(value: string | boolean | number | readonly string[]): string;
}

/**
 * Texts with the change inside a table or a list on one line, such as `params = { author = "me" }`: at each place that has the name of one of
 * the path's keys. Most are wrong. A comment has no place there.
 */
export function* inlineCandidates(text: string, edit: Edit, syntax: InlineSyntax): Generator<string> {
  const { path } = edit;
  const leaf = path.at(-1) ?? "";
  if (edit.kind === "set")
    for (const at of after(text, leaf, syntax, VALUE))
      yield text.slice(0, at.start) + syntax.written(edit.value) + text.slice(at.end);
  else
    for (const { end } of after(text, leaf, syntax, "\\["))
      yield opened(text, end, entry(edit.value, syntax));
  for (const [depth, name] of path.slice(0, -1).entries())
    for (const { end } of after(text, name, syntax, "\\{"))
      yield opened(text, end, member(path.slice(depth + 1), edit, syntax));
}

const VALUE = "(?:\"(?:[^\"\\\\\\n]|\\\\.)*\"|'[^'\\n]*'|\\[[^\\]\\n]*\\]|[^\\s,{}[\\]#\"']+)";

/** Where a pattern matches directly after a key. */
function* after(
  text: string,
  key: string,
  { sign }: InlineSyntax,
  pattern: string,
): Generator<{ readonly start: number; readonly end: number }> {
  const name = key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const places = new RegExp(`(?<![\\w-])["']?${name}["']?[ \\t]*${sign}[ \\t]*(${pattern})`, "dgi");
  for (const { indices } of text.matchAll(places)) {
    const [start, end] = indices?.[1] ?? [0, 0];
    yield { start, end };
  }
}

/** With a first member after an opening bracket. */
function opened(text: string, at: number, first: string): string {
  const isEmpty = /^\s*[\]}]/.test(text.slice(at));
  const space = text[at] === " " ? " " : "";
  return `${text.slice(0, at)}${space}${first}${isEmpty ? "" : ","}${space === "" && !isEmpty ? " " : ""}${text.slice(at)}`;
}

function member(path: readonly string[], edit: Edit, syntax: InlineSyntax): string {
  const [key = "", ...below] = path;
  const value =
    below.length > 0
      ? `{ ${member(below, edit, syntax)} }`
      : edit.kind === "set"
        ? syntax.written(edit.value)
        : `[${entry(edit.value, syntax)}]`;
  const name = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
  return `${name}${assignment(syntax)}${value}`;
}

function entry(value: string, syntax: InlineSyntax): string {
  return `{ path${assignment(syntax)}${syntax.written(value)} }`;
}

function assignment({ sign }: InlineSyntax): string {
  return sign === "=" ? " = " : ": ";
}
