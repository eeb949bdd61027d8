import type { ConfigTree } from "../../site/config/tree.ts";

/**
 * Reads front matter line by line if it does not parse as a whole: keys with a value on their line or a list below them, in
 * tables by indentation or under a TOML heading. Names are in lower case; the last value of a name wins.
 */
export function looseValues(text: string): ConfigTree {
  const root: Table = new Map();
  let base = root;
  /** Keys without their own value that a line can belong to, the deepest last. */
  let open: { readonly indent: number; readonly name: string; readonly table: Table }[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const words = line.trim();
    const indent = line.length - line.trimStart().length;
    const heading = /^\[([^[\]"',]+)\]/.exec(words)?.[1];
    const [, key, rest] = entry.exec(words) ?? [];
    if (heading !== undefined) {
      base = heading.split(".", DEEPEST).map(nameOf).reduce(tableIn, root);
      open = [];
    } else if (key !== undefined && rest !== undefined) {
      open = open.filter((above) => above.indent < indent);
      const above = open.at(-1);
      const table = above === undefined ? base : tableIn(above.table, above.name);
      const value = readValue(rest.trim());
      if (value !== undefined) table.set(nameOf(key), value);
      else open.push({ indent, name: nameOf(key), table });
    } else if (/^(?:- |["'])/.test(words)) {
      const above = open.at(-1);
      if (above === undefined) continue;
      const list = above.table.get(above.name);
      const item = scalarOf(words.replace(/^- +/, ""));
      if (Array.isArray(list)) list.push(item);
      else above.table.set(above.name, [item]);
    }
  }
  return treeOf(root);
}

// --- lines ---

/** `key: value`, `key = value`, `"key": value` or `#+KEY: value`. */
const entry = /^(?:#\+)?("[^"]*"|'[^']*'|[\p{L}\p{N}_.-]+)[ \t]*(?:[:=](?=[ \t"'[{]|$)|=)(.*)$/u;

function nameOf(key: string): string {
  return key
    .trim()
    .replace(/^["']|["']$/g, "")
    .toLowerCase();
}

/** Undefined if the value is on other lines. */
function readValue(text: string): unknown {
  if (text === "" || text === "{" || text === "[" || text.startsWith("#")) return undefined;
  const list = /^\[([^\]]*)\]?/.exec(text)?.[1];
  if (list === undefined) return scalarOf(text);
  return list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
    .map(scalarOf);
}

function scalarOf(text: string): unknown {
  const [, double, single] = /^(?:"((?:[^"\\]|\\.)*)|'((?:[^']|'')*))/.exec(text) ?? [];
  if (double !== undefined) return double.replace(/\\(.)/g, "$1");
  if (single !== undefined) return single.replaceAll("''", "'");
  const plain = (text.split(/[ \t]#/, 1)[0] ?? "").replace(/,$/, "").trim();
  return plain === "true" || plain === "false" ? plain === "true" : plain;
}

// --- tables ---

/** Maximum depth of a table in a heading; no real one is deeper. */
const DEEPEST = 20;

type Table = Map<string, unknown>;

function tableIn(table: Table, name: string): Table {
  const present = table.get(name);
  if (present instanceof Map) return present;
  const made: Table = new Map();
  table.set(name, made);
  return made;
}

function treeOf(table: Table): ConfigTree {
  return Object.fromEntries(
    [...table].map(([name, value]) => [name, value instanceof Map ? treeOf(value) : value]),
  );
}
