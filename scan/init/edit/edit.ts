import { isDeepStrictEqual } from "node:util";
import { parseData } from "../../site/config/data.ts";
import { isTree } from "../../site/config/tree.ts";
import { jsonCandidates } from "./json.ts";
import { tomlCandidates } from "./toml.ts";
import { yamlCandidates } from "./yaml.ts";

/** One change of a configuration file. Keys are compared without case, as in Hugo. */
export type Edit =
  /** Sets a value, whether or not it is there. */
  | {
      readonly kind: "set";
      readonly path: readonly string[];
      readonly value: Scalar;
      /** Lines of text above it. */
      readonly comment?: string;
    }
  /** Makes `{path: value}` the first entry of a list of tables. */
  | { readonly kind: "prepend"; readonly path: readonly string[]; readonly value: string };

export type Scalar = string | boolean | number | readonly string[];

export type Format = "toml" | "yaml" | "json";

/** @returns undefined for the name of a file that is no configuration. */
export function formatOf(file: string): Format | undefined {
  const [, extension = ""] = /\.([a-z]+)$/i.exec(file) ?? [];
  return { toml: "toml", yaml: "yaml", yml: "yaml", json: "json" }[extension.toLowerCase()] as
    | Format
    | undefined;
}

/**
 * Edits the text of a configuration: comments, order and everything else stay. Each editor proposes texts; the first one counts that
 * parses to exactly the old values with the change.
 * @returns undefined if there is none: then a person must edit the file.
 */
export function editConfig(text: string, format: Format, edit: Edit): string | undefined {
  const before = parse(text, format);
  if (!isTree(before)) return undefined;
  const expected = withEdit(before, edit);
  if (expected === undefined) return undefined;
  if (isDeepStrictEqual(before, expected)) return text;
  const unix = text.replaceAll("\r\n", "\n");
  for (const candidate of editors[format](unix, { ...edit, path: pathIn(before, edit.path) })) {
    const written = text.includes("\r\n") ? candidate.replaceAll("\n", "\r\n") : candidate;
    if (isDeepStrictEqual(parse(written, format), expected)) return written;
  }
  return undefined;
}

/** The lines that a person can paste into a file that has none of the keys. */
export function pasteable(format: Format, edits: readonly Edit[]): string {
  const empty = format === "json" ? "{}" : "";
  return edits.reduce((text, edit) => editConfig(text, format, edit) ?? text, empty).trim();
}

const editors: Readonly<Record<Format, (text: string, edit: Edit) => Iterable<string>>> = {
  toml: tomlCandidates,
  yaml: yamlCandidates,
  json: jsonCandidates,
};

/** As plain objects, whatever the parser makes; undefined if it cannot be parsed. */
function parse(text: string, format: Format): unknown {
  try {
    return structuredClone(parseData(text, format, NEWEST) ?? {});
  } catch {
    return undefined;
  }
}

/** The rules of the newest Hugo; older ones read the lines that are written here in the same way. */
const NEWEST = 999;

// --- the expected values ---

type Values = Record<string, unknown>;

/** Undefined if a value is where a table should be. */
function withEdit(before: Readonly<Values>, { kind, path, value }: Edit): Values | undefined {
  const after: Values = structuredClone(before);
  let at = after;
  for (const name of path.slice(0, -1)) {
    const key = keyIn(at, name);
    const inner = at[key];
    // YAML: `params:` without a value.
    if (inner === undefined || inner === null) at[key] = {};
    else if (!isTree(inner)) return undefined;
    at = at[key] as Values;
  }
  const key = keyIn(at, path.at(-1) ?? "");
  if (kind === "set") at[key] = value;
  else {
    const list = at[key] ?? [];
    if (!Array.isArray(list)) return undefined;
    at[key] = [{ path: value }, ...list];
  }
  return after;
}

/** A path with the keys as the file writes them. */
function pathIn(values: Readonly<Values>, path: readonly string[]): string[] {
  let at: unknown = values;
  return path.map((name) => {
    const key = isTree(at) ? keyIn(at, name) : name;
    at = isTree(at) ? at[key] : undefined;
    return key;
  });
}

function keyIn(table: Readonly<Values>, name: string): string {
  return Object.keys(table).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}
