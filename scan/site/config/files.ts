import { readdir } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../../cannot-run.ts";
import { readText } from "../../read-text.ts";
import { parseData } from "./data.ts";
import { type ConfigTree, isTree, lowerKeys } from "./tree.ts";

/** One configuration file. */
export interface ConfigFile {
  /** Relative to the site. */
  readonly name: string;
  /** Placed where Hugo puts it: `params.toml` is `{params: …}`. */
  readonly values: ConfigTree;
}

/**
 * The files that Hugo reads for a site or a theme, later files over earlier ones: `hugo.*` or `config.*`, then
 * `config/_default/` and `config/<environment>/`.
 * @param site folder that names are relative to.
 * @param hugoMinor from 0.162 on, a file in a folder can repeat its own name: `cascade.yaml` with `cascade: […]`.
 * @throws CannotRun naming the file that does not parse.
 */
export async function readConfigFiles(
  site: string,
  folder: string,
  { environment, hugoMinor }: { readonly environment: string; readonly hugoMinor: number },
): Promise<ConfigFile[]> {
  const below = path.relative(site, folder);
  return [
    ...(await rootFile(site, below, hugoMinor)),
    ...(await filesBelow(site, path.join(below, "config/_default"), hugoMinor)),
    ...(await filesBelow(site, path.join(below, "config", environment), hugoMinor)),
  ];
}

// --- files ---

const extensions = ["toml", "yaml", "yml", "json"] as const;

async function rootFile(site: string, below: string, hugoMinor: number): Promise<ConfigFile[]> {
  for (const name of ["hugo", "config"]) {
    for (const extension of extensions) {
      const file = path.join(below, `${name}.${extension}`);
      const values = await readTree(site, file, hugoMinor);
      if (values !== undefined) return [{ name: file, values }];
    }
  }
  return [];
}

async function filesBelow(site: string, below: string, hugoMinor: number): Promise<ConfigFile[]> {
  const entries = await readdir(path.join(site, below), { withFileTypes: true }).catch(() => []);
  const files: ConfigFile[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(below, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(site, file, hugoMinor)));
    else if (extensions.some((known) => entry.name.toLowerCase().endsWith(`.${known}`))) {
      const values = await readTree(site, file, hugoMinor);
      if (values !== undefined) files.push({ name: file, values: placed(entry.name, values, hugoMinor) });
    }
  }
  return files;
}

/** `params.fr.toml` is `[languages.fr.params]`; the same applies to `menus.fr.toml`, and to no other name. */
function placed(file: string, values: ConfigTree, hugoMinor: number): ConfigTree {
  const stem = file.slice(0, file.lastIndexOf("."));
  if (stem === "hugo" || stem === "config") return values;
  const dot = stem.lastIndexOf(".");
  const name = (dot === -1 ? stem : stem.slice(0, dot)).toLowerCase();
  const inner = hugoMinor >= 162 && Object.keys(values).length === 1 ? (values[name] ?? values) : values;
  if (dot === -1) return { [name]: inner };
  const key = name === "menu" ? "menus" : name;
  const own = key === "menus" || key === "params" ? { [key]: inner } : inner;
  return { languages: { [stem.slice(dot + 1).toLowerCase()]: own } };
}

/** Undefined for a file that does not exist. */
async function readTree(site: string, name: string, hugoMinor: number): Promise<ConfigTree | undefined> {
  try {
    const text = await readText(path.join(site, name));
    const values = lowerKeys(parseData(text, path.extname(name).slice(1).toLowerCase(), hugoMinor) ?? {});
    if (!isTree(values)) throw new Error("it is not a table of keys and values");
    return values;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CannotRun(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
