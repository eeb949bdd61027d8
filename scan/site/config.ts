import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse as parseToml } from "smol-toml";
import { CannotRun } from "../cannot-run.ts";
import { parseYaml } from "./yaml.ts";

/** A tree of the site's configuration: keys lower-cased, as Hugo does. */
export type ConfigTree = Readonly<Record<string, unknown>>;

export interface HugoConfig {
  readonly values: ConfigTree;
  /** The file or variable that set a key such as `params.imgproxy.tiers`; the last one wins. */
  originOf(key: string): string;
}

/**
 * What Hugo reads, in its order: `hugo.*` or `config.*`, `config/_default/`, `config/<environment>/`, `HUGO_*`.
 * @throws CannotRun naming the file that does not parse, or a folder without a configuration.
 */
export async function loadConfig(
  folder: string,
  environment: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<HugoConfig> {
  const layers = [
    ...(await rootLayer(folder)),
    ...(await folderLayers(folder, "config/_default")),
    ...(await folderLayers(folder, `config/${environment}`)),
  ];
  if (layers.length === 0)
    throw new CannotRun(
      `${folder} holds no Hugo site: there is no hugo.toml, config.toml or config/_default; name the site with --site`,
    );
  layers.push(...variableLayers(variables));
  const origins = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const layer of layers) merge(values, layer.values, layer.file, "", origins);
  return { values, originOf: (key) => nearestOrigin(origins, key) };
}

/** An object of a tree, or an empty one. */
export function treeAt(tree: ConfigTree, ...keys: readonly string[]): ConfigTree {
  return keys.reduce<ConfigTree>((at, key) => (isTree(at[key]) ? at[key] : {}), tree);
}

export function isTree(value: unknown): value is ConfigTree {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Parses by the file's extension.
 * @throws Error in the parser's words.
 */
export function parseData(text: string, extension: string): unknown {
  const plain = text.replace(/^\ufeff/, "");
  if (extension === "toml") return parseToml(plain);
  if (extension === "json") return JSON.parse(plain);
  return parseYaml(plain);
}

/** Names as Hugo has them: its configuration and its front matter are blind to capitals. */
export function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]),
  );
}

// --- layers ---

interface Layer {
  readonly file: string;
  readonly values: ConfigTree;
}

const extensions = ["toml", "yaml", "yml", "json"] as const;

async function rootLayer(folder: string): Promise<Layer[]> {
  for (const name of ["hugo", "config"]) {
    for (const extension of extensions) {
      const layer = await readLayer(folder, `${name}.${extension}`);
      if (layer !== undefined) return [layer];
    }
  }
  return [];
}

/** `params.toml` is `[params]`, `params.fr.toml` is `[languages.fr.params]`, `hugo.toml` and `config.toml` are the root. */
async function folderLayers(folder: string, below: string): Promise<Layer[]> {
  const names = await readdir(path.join(folder, below)).catch(() => []);
  const layers: Layer[] = [];
  for (const name of names.sort()) {
    const [base = "", ...rest] = name.split(".");
    const extension = rest.at(-1) ?? "";
    if (!extensions.some((known) => known === extension)) continue;
    const layer = await readLayer(folder, `${below}/${name}`);
    if (layer === undefined) continue;
    const language = rest.length === 2 ? rest[0] : undefined;
    layers.push({ ...layer, values: placed(base.toLowerCase(), language, layer.values) });
  }
  return layers;
}

function placed(base: string, language: string | undefined, values: ConfigTree): ConfigTree {
  const at = base === "hugo" || base === "config" ? values : { [base]: values };
  return language === undefined ? at : { languages: { [language.toLowerCase()]: at } };
}

async function readLayer(folder: string, name: string): Promise<Layer | undefined> {
  const text = await readFile(path.join(folder, name), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const values = lowerKeys(parseData(text, path.extname(name).slice(1)) ?? {});
    if (!isTree(values)) throw new Error("it is not a table of keys and values");
    return { file: name, values };
  } catch (error) {
    throw new CannotRun(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `HUGO_PARAMS_IMGPROXY_ENDPOINT=…`, or with another delimiter after HUGO: `HUGOxPARAMSx…`. Lists and tables are JSON. */
function variableLayers(variables: Readonly<Record<string, string | undefined>>): Layer[] {
  return Object.entries(variables).flatMap(([name, text]) => {
    if (!/^HUGO[^A-Za-z0-9]|^HUGOx/.test(name) || text === undefined) return [];
    const keys = name.slice(5).toLowerCase().split(name.charAt(4));
    return [
      { file: name, values: keys.reduceRight<unknown>((value, key) => ({ [key]: value }), scalar(text)) },
    ].filter((layer): layer is Layer => isTree(layer.values));
  });
}

function scalar(text: string): unknown {
  if (!/^\s*[[{"]|^(true|false|-?[0-9]+)$/.test(text)) return text;
  try {
    return lowerKeys(JSON.parse(text));
  } catch {
    return text;
  }
}

// --- merging ---

function merge(
  into: Record<string, unknown>,
  from: ConfigTree,
  file: string,
  at: string,
  origins: Map<string, string>,
): void {
  for (const [key, value] of Object.entries(from)) {
    const name = at === "" ? key : `${at}.${key}`;
    origins.set(name, file);
    const present = into[key];
    if (isTree(value)) {
      const table: Record<string, unknown> = isTree(present) ? { ...present } : {};
      into[key] = table;
      merge(table, value, file, name, origins);
    } else into[key] = value;
  }
}

function nearestOrigin(origins: ReadonlyMap<string, string>, key: string): string {
  const known = origins.get(key);
  const parent = key.lastIndexOf(".");
  if (known !== undefined || parent === -1) return known ?? "the site's configuration";
  return nearestOrigin(origins, key.slice(0, parent));
}
