import path from "node:path";
import { readText } from "../read-text.ts";
import type { ConfigFile } from "../site/config/files.ts";
import { type ConfigTree, treeAt } from "../site/config/tree.ts";
import type { Change } from "./change.ts";
import { type Edit, editConfig, formatOf, pasteable } from "./edit/edit.ts";

/** Edited files, in the order in which they are written, and what a person must do. */
export interface EditedConfig {
  readonly changes: readonly Change[];
  /** `file: lines` */
  readonly toPaste: readonly { readonly file: string; readonly lines: string }[];
}

/**
 * @param files those that Hugo reads, in its order.
 * @param edits in order: those of the module come first, because without it parameters do nothing.
 */
export async function editSite(
  site: string,
  files: readonly ConfigFile[],
  edits: readonly Edit[],
): Promise<EditedConfig> {
  const texts = new Map<string, { readonly before: string | undefined; after: string }>();
  const left = new Map<string, Edit[]>();
  for (const edit of edits) {
    const { file, below } = placeOf(files, edit.path);
    const format = formatOf(file) ?? "toml";
    const before = await readText(path.join(site, file)).catch(absent);
    const text = texts.get(file) ?? { before, after: before ?? "" };
    texts.set(file, text);
    const placed = { ...edit, path: edit.path.slice(below) };
    const after = editConfig(text.after, format, placed);
    if (after === undefined) left.set(file, [...(left.get(file) ?? []), placed]);
    else text.after = after;
  }
  return {
    changes: [...texts]
      .filter(([, { before, after }]) => before !== after)
      .map(([file, text]) => ({ file, ...text })),
    toPaste: Array.from(left, ([file, edits]) => ({
      file,
      lines: pasteable(formatOf(file) ?? "toml", edits),
    })),
  };
}

/** The value of a key in the files; later ones win. */
export function valueIn(files: readonly ConfigFile[], keys: readonly string[]): unknown {
  const [last = "", ...above] = [...keys].reverse().map((key) => key.toLowerCase());
  return files
    .map(({ values }) => treeAt(values, ...above.reverse())[last])
    .findLast((value) => value !== undefined);
}

// --- which file ---

/**
 * The file that has the key's table, the longest part of its path first; else `module.toml` or `params.toml` beside others of that kind;
 * else the site's main file.
 */
function placeOf(
  files: readonly ConfigFile[],
  keys: readonly string[],
): { readonly file: string; readonly below: number } {
  // What another environment sets is not everywhere.
  const shared = files.filter(
    ({ name }) => !name.startsWith("config/") || name.startsWith("config/_default/"),
  );
  const [top = ""] = keys;
  for (let length = keys.length; length > 0; length--) {
    const owner = shared.findLast(({ values }) => has(values, keys.slice(0, length)));
    if (owner !== undefined) return { file: owner.name, below: isOf(owner.name, top) ? 1 : 0 };
  }
  const main = shared.find(({ name }) => !name.includes("/") || isOf(name, "hugo") || isOf(name, "config"));
  const own = shared.find(({ name }) => isOf(name, top));
  if (own !== undefined) return { file: own.name, below: 1 };
  if (main !== undefined) return { file: main.name, below: 0 };
  const extension = path.extname(shared[0]?.name ?? ".toml");
  return { file: `config/_default/${top}${extension}`, below: 1 };
}

function has(values: ConfigTree, keys: readonly string[]): boolean {
  const lower = keys.map((key) => key.toLowerCase());
  return Object.hasOwn(treeAt(values, ...lower.slice(0, -1)), lower.at(-1) ?? "");
}

/** `config/_default/params.toml` is the file of `params`. */
function isOf(file: string, key: string): boolean {
  return file.startsWith("config/") && path.parse(file).name.toLowerCase() === key;
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
