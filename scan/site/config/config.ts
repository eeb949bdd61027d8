import path from "node:path";
import { NoSite } from "../../cannot-run.ts";
import { openLanguages } from "../languages.ts";
import { collectModules, type Module } from "../modules/modules.ts";
import { applyEnvironment } from "./environment.ts";
import { readConfigFiles } from "./files.ts";
import { mergeTheme, type OpenTree, setOver } from "./merge.ts";
import type { ConfigTree } from "./tree.ts";

/** The configuration of a site, merged with those of its themes. */
export interface HugoConfig {
  readonly values: ConfigTree;
  /** The themes and modules in Hugo's lookup order; without the site itself. */
  readonly modules: readonly Module[];
  /** The file or variable that set a key such as `params.imgproxy.tiers`, or that of a language if it sets its own. */
  originOf(key: string, language?: string): string;
}

export interface ConfigSource {
  /** Absolute. */
  readonly folder: string;
  /** Hugo's environment. */
  readonly environment: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly hugoMinor: number;
}

/**
 * Reads a configuration as Hugo does, in its order: `hugo.*` or `config.*`, `config/_default/`, `config/<environment>/`,
 * `HUGO_*`; below all of them, the same files of the themes and modules.
 * @throws CannotRun naming the file that does not parse; NoSite for a folder without a configuration.
 */
export async function loadConfig(source: ConfigSource): Promise<HugoConfig> {
  const { folder } = source;
  const files = await readConfigFiles(folder, folder, source);
  if (files.length === 0)
    throw new NoSite(
      `${folder} holds no Hugo site: there is no hugo.toml, config.toml or config/_default; name the site with --site`,
    );
  const origins = new Map<string, string>();
  const values: OpenTree = {};
  for (const file of files) setOver(values, file.values, (key) => origins.set(key, file.name));
  applyEnvironment(values, source, (key, variable) => origins.set(key, variable));
  const modules = await collectModules(values, source);
  const defaults = new Set(source.hugoMinor < 147 ? oldDefaults : []);
  for (const module of modules) {
    const origin = path.relative(folder, module.folder ?? folder);
    openLanguages(values, module.config, source.hugoMinor);
    mergeTheme(values, module.config, defaults, (key) => origins.set(key, origin));
  }
  return {
    values,
    modules,
    originOf: (key, language) => origins.get(`languages.${language}.${key}`) ?? nearestOrigin(origins, key),
  };
}

/** Before 0.147 these had default values before a theme could set them. */
const oldDefaults = [
  "builddrafts",
  "buildfuture",
  "buildexpired",
  "ignorefiles",
  "enablegitinfo",
  "timezone",
];

function nearestOrigin(origins: ReadonlyMap<string, string>, key: string): string {
  const known = origins.get(key);
  const parent = key.lastIndexOf(".");
  if (known !== undefined || parent === -1) return known ?? "the site's configuration";
  return nearestOrigin(origins, key.slice(0, parent));
}
