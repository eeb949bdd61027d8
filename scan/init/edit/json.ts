import type { Edit } from "./edit.ts";

/** A value in the text of a JSON file. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Texts with the change; some may be wrong. */
export function* jsonCandidates(text: string, edit: Edit): Generator<string> {
  const values = spansOf(text);
  const name = (path: readonly string[]) => path.join("\n").toLowerCase();
  const own = values.get(name(edit.path));
  const step = /^([ \t]+)"/m.exec(text)?.[1] ?? "  ";
  if (own !== undefined && edit.kind === "set")
    yield text.slice(0, own.start) + JSON.stringify(edit.value) + text.slice(own.end);
  if (own !== undefined && edit.kind === "prepend") {
    const depth = step.repeat(edit.path.length + 1);
    yield inserted(text, own, `{ "path": ${JSON.stringify(edit.value)} }`, depth);
  }
  if (own !== undefined) return;
  for (let length = edit.path.length - 1; length >= 0; length--) {
    const table = values.get(name(edit.path.slice(0, length)));
    if (table === undefined) continue;
    const [key = "", ...below] = edit.path.slice(length);
    const leaf = edit.kind === "set" ? edit.value : [{ path: edit.value }];
    const value = below.reduceRight<unknown>((inner, key) => ({ [key]: inner }), leaf);
    const depth = step.repeat(length + 1);
    const lines = JSON.stringify(value, undefined, step).replaceAll("\n", `\n${depth}`);
    yield inserted(text, table, `${JSON.stringify(key)}: ${lines}`, depth);
    return;
  }
}

/** As the first one in a table or a list. */
function inserted(text: string, { start, end }: Span, member: string, depth: string): string {
  const [before, inner, after] = [
    text.slice(0, start + 1),
    text.slice(start + 1, end - 1),
    text.slice(end - 1),
  ];
  if (inner.trim() === "") {
    const outer = /(?:^|\n)([ \t]*)[^\n]*$/.exec(before)?.[1] ?? "";
    return `${before}\n${depth}${member}\n${outer}${after}`;
  }
  if (!inner.includes("\n")) return `${before} ${member.replace(/\n\s*/g, " ")},${inner}${after}`;
  return `${before}\n${depth}${member},${inner}${after}`;
}

/** The values of tables by their path in lower case, one name a line; the root is the empty path. */
function spansOf(text: string): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  const open: { readonly start: number; readonly path: readonly string[]; readonly isList: boolean }[] = [];
  let path: readonly string[] = [];
  let key: string | undefined;
  const end = (start: number, at: readonly string[], stop: number) => {
    if (!open.some(({ isList }) => isList)) spans.set(at.join("\n").toLowerCase(), { start, end: stop });
  };
  for (const token of text.matchAll(/"(?:\\.|[^"\\])*"|[[\]{}:,]|[^\s[\]{}:,"]+/g)) {
    const [word] = token;
    const at = token.index;
    if (word === "{" || word === "[") {
      open.push({ start: at, path, isList: word === "[" });
    } else if (word === "}" || word === "]") {
      const closed = open.pop();
      if (closed === undefined) return spans;
      path = closed.path;
      end(closed.start, path, at + 1);
      path = path.slice(0, -1);
      key = undefined;
    } else if (word === ":") {
      if (key !== undefined) path = [...(open.at(-1)?.path ?? []), key];
      key = undefined;
    } else if (word !== ",") {
      const isKey = word.startsWith('"') && /^\s*:/.test(text.slice(at + word.length));
      if (isKey && open.at(-1)?.isList === false) key = JSON.parse(word);
      else if (open.at(-1)?.isList === false) {
        end(at, path, at + word.length);
        path = path.slice(0, -1);
      }
    }
  }
  return spans;
}
