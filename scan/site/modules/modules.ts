import { stat } from "node:fs/promises";
import path from "node:path";
import { readText } from "../../read-text.ts";
import { toFlag, toText, toTexts } from "../config/cast.ts";
import type { ConfigSource } from "../config/config.ts";
import { readConfigFiles } from "../config/files.ts";
import { type OpenTree, setOver } from "../config/merge.ts";
import { type ConfigTree, isTree, treeAt } from "../config/tree.ts";
import { goModuleFolder } from "./go-modules.ts";

/** A theme or module of a site. */
export interface Module {
  /** Its import path. */
  readonly name: string;
  /** Absolute; undefined if it is not on this machine: Hugo may still have to download it. */
  readonly folder: string | undefined;
  readonly config: ConfigTree;
  /** Mounts of it or of its import; undefined: the folders with the usual names. */
  readonly mounts: readonly ConfigTree[] | undefined;
}

/**
 * Themes and modules in Hugo's lookup order, each followed by its own imports: `module.imports`, then `theme`.
 */
export async function collectModules(site: ConfigTree, source: ConfigSource): Promise<Module[]> {
  const collector: Collector = {
    source,
    themes: path.resolve(source.folder, toText(site.themesdir) || "themes"),
    replacements: replacementsOf(site),
    cacheDir: toText(site.cachedir),
    vendored: new Map(),
    seen: new Set(),
  };
  return importsOf(collector, { folder: source.folder, config: site }, true);
}

// --- the walk ---

interface Collector {
  readonly source: ConfigSource;
  readonly themes: string;
  /** Folders by import path. */
  readonly replacements: ReadonlyMap<string, string>;
  readonly cacheDir: string | undefined;
  /** Folders by import path; the first vendored one wins. */
  readonly vendored: Map<string, string>;
  readonly seen: Set<string>;
}

async function importsOf(
  collector: Collector,
  owner: { readonly folder: string; readonly config: ConfigTree },
  project: boolean,
): Promise<Module[]> {
  await noteVendored(collector, owner.folder);
  const found: Module[] = [];
  for (const one of importList(owner.config)) {
    const name = toText(one.path);
    if (name === undefined || toFlag(one.disable) || collector.seen.has(name)) continue;
    collector.seen.add(name);
    const folder = await folderOf(collector, name, project);
    if (folder === undefined) {
      found.push({ name, folder, config: {}, mounts: [] });
      continue;
    }
    const module = { name, folder, ...(await readModule(collector, folder, one)) };
    found.push(module);
    if (!toFlag(one.ignoreimports)) found.push(...(await importsOf(collector, module, false)));
  }
  return found;
}

function importList(config: ConfigTree): ConfigTree[] {
  const imports = treeAt(config, "module").imports;
  return [
    ...(Array.isArray(imports) ? imports.filter(isTree) : []),
    ...toTexts(config.theme).map((name) => ({ path: name })),
  ];
}

async function readModule(
  { source }: Collector,
  folder: string,
  one: ConfigTree,
): Promise<Pick<Module, "config" | "mounts">> {
  const config: OpenTree = {};
  if (!toFlag(one.ignoreconfig))
    for (const file of await readConfigFiles(source.folder, folder, source))
      setOver(config, file.values, () => {});
  return {
    config,
    mounts: toFlag(one.nomounts) ? [] : (mountList(one) ?? mountList(treeAt(config, "module"))),
  };
}

function mountList({ mounts }: ConfigTree): ConfigTree[] | undefined {
  return Array.isArray(mounts) && mounts.length > 0 ? mounts.filter(isTree) : undefined;
}

// --- where a module is ---

async function folderOf(collector: Collector, name: string, project: boolean): Promise<string | undefined> {
  const { themes, replacements, vendored, source, cacheDir } = collector;
  const replaced = replacements.get(name);
  const candidates = [
    vendored.get(name),
    replaced === undefined ? await goModuleFolder(name, source, cacheDir) : undefined,
    project || replaced !== undefined || !path.isAbsolute(name)
      ? path.resolve(themes, replaced ?? name)
      : undefined,
  ];
  for (const candidate of candidates)
    if (candidate !== undefined && (await isFolder(candidate))) return candidate;
  return undefined;
}

/** `old -> new, old -> new`, or a list of these; `new` is relative to the themes folder. */
function replacementsOf(site: ConfigTree): Map<string, string> {
  const pairs = toTexts(treeAt(site, "module").replacements).flatMap((text) => text.split(","));
  return new Map(
    pairs.flatMap((pair) => {
      const [from = "", to = ""] = pair.split("->").map((part) => part.trim());
      return from === "" || to === "" ? [] : [[from, to] as const];
    }),
  );
}

/** `_vendor/modules.txt`: one `# path version` a line. */
async function noteVendored({ vendored }: Collector, folder: string): Promise<void> {
  const list = await readText(path.join(folder, "_vendor", "modules.txt")).catch(() => "");
  for (const [, name = ""] of list.matchAll(/^#\s*(\S+)\s+\S+\s*$/gm))
    if (!vendored.has(name)) vendored.set(name, path.join(folder, "_vendor", name));
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
