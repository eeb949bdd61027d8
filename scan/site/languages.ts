import { CannotRun } from "../cannot-run.ts";
import { toFlag, toInteger, toText, toTexts } from "./config/cast.ts";
import { mergeLanguageTable, type OpenTree, withoutStrategies } from "./config/merge.ts";
import { type ConfigTree, isTree, treeAt } from "./config/tree.ts";

/** A language that Hugo builds. */
export interface LanguageConfig {
  /** In lower case: `zh-cn`. */
  readonly name: string;
  /** The site's configuration as it applies to this language's pages. */
  readonly config: ConfigTree;
}

export interface SiteLanguages {
  /** In Hugo's order; at least one. */
  readonly enabled: readonly LanguageConfig[];
  /** The language of a file whose name contains none. */
  readonly main: LanguageConfig;
  /** Disabled languages: `x.fr.md` is not a page if French is one of these. */
  readonly disabled: ReadonlySet<string>;
}

/**
 * @param config of the whole site.
 * @throws CannotRun for a default language that the site does not have; Hugo fails too.
 */
export function siteLanguages(config: ConfigTree, hugoMinor: number): SiteLanguages {
  const given = toText(config.defaultcontentlanguage)?.toLowerCase() || undefined;
  const tables = Object.entries(treeAt(config, "languages")).filter(([, table]) => isTree(table));
  const all = tables.length > 0 ? tables : [[given ?? "en", {}] as const];
  const turnedOff = new Set(toTexts(config.disablelanguages).map((name) => name.toLowerCase()));
  const enabled = all
    .map(([name, table]) => ({ name, table: isTree(table) ? table : {} }))
    .filter(({ name, table }) => !turnedOff.has(name) && !toFlag(table.disabled))
    .sort((a, b) => byWeight(a.table, b.table) || (a.name < b.name ? -1 : 1))
    .map(({ name, table }) => ({ name, config: languageConfig(config, table, hugoMinor) }));
  const main =
    enabled.find(({ name }) => name === (given ?? "en")) ?? (given === undefined ? enabled[0] : undefined);
  if (main === undefined)
    throw new CannotRun(
      `defaultContentLanguage is "${given ?? "en"}", which is not a language of the site: ${enabled.map(({ name }) => name).join(", ") || "all are disabled"}`,
    );
  const names = new Set(enabled.map(({ name }) => name));
  return { enabled, main, disabled: new Set(all.map(([name]) => name).filter((name) => !names.has(name))) };
}

/**
 * The site's languages before the themes' configurations are merged in; a theme's languages can add to them. From 0.112 on
 * every language has parameters at this point, up to 0.151 including the site's; before 0.112 only if the theme's languages
 * have them.
 */
export function openLanguages(config: OpenTree, theme: ConfigTree, hugoMinor: number): void {
  const present = config.languages;
  if (present === undefined) {
    const main = toText(config.defaultcontentlanguage)?.toLowerCase() || "en";
    if (hugoMinor >= 112) config.languages = { [main]: { params: {} }, _merge: "shallow" };
    return;
  }
  const tables = Object.entries(isTree(present) ? present : {});
  const needed =
    hugoMinor >= 112 ||
    Object.values(treeAt(theme, "languages")).some((table) => isTree(table) && "params" in table);
  config.languages = Object.fromEntries(
    tables.map(([name, table]) => [
      name,
      needed && isTree(table) ? withOwnParams(table, config, hugoMinor) : table,
    ]),
  );
}

function withOwnParams(language: ConfigTree, site: ConfigTree, hugoMinor: number): ConfigTree {
  const own = language.params ?? (hugoMinor < 112 ? { _merge: "shallow" } : {});
  const merges = hugoMinor >= 112 && hugoMinor < 152 && isTree(own);
  return { ...language, params: merges ? mergeLanguageTable("params", own, treeAt(site, "params")) : own };
}

// --- one language ---

/** Languages without a weight come last. */
function byWeight(a: ConfigTree, b: ConfigTree): number {
  const [first, second] = [toInteger(a.weight), toInteger(b.weight)];
  if (first === second) return 0;
  return second === 0 || (first !== 0 && first < second) ? -1 : 1;
}

/** Before 0.112 a language's table replaced the site's, and each of its keys was also a parameter. */
function languageConfig(site: ConfigTree, language: ConfigTree, hugoMinor: number): ConfigTree {
  const config: OpenTree = { ...site };
  for (const [key, value] of Object.entries(language)) {
    const present = site[key];
    config[key] =
      hugoMinor >= 112 && isTree(value) && isTree(present) ? mergeLanguageTable(key, value, present) : value;
  }
  if (hugoMinor < 112)
    config.params = { ...treeAt(site, "params"), ...language, ...treeAt(language, "params") };
  return withoutStrategies(config);
}
