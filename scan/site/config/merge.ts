import { type ConfigTree, isTree } from "./tree.ts";

/** A tree that can be changed. */
export type OpenTree = Record<string, unknown>;

/** Merges the later tree over the earlier one, key by key: files of one configuration. */
export function setOver(into: OpenTree, from: ConfigTree, onSet: (key: string) => void, at = ""): void {
  for (const [key, value] of Object.entries(from)) {
    const name = at === "" ? key : `${at}.${key}`;
    onSet(name);
    const present = into[key];
    if (!isTree(value)) into[key] = value;
    else {
      const table: OpenTree = isTree(present) ? { ...present } : {};
      into[key] = table;
      setOver(table, value, onSet, name);
    }
  }
}

/**
 * Adds to `into` the values that Hugo takes from the configuration of a theme: `params` deeply, menus and formats by name,
 * nothing else; a `_merge` of the site changes that.
 * @param fixed keys that have a value although the site does not set them.
 */
export function mergeTheme(
  into: OpenTree,
  theme: ConfigTree,
  fixed: ReadonlySet<string>,
  onSet: (key: string) => void,
): void {
  const root = explicitStrategy(into);
  if (root === "none") return;
  for (const [key, value] of Object.entries(theme)) {
    const present = into[key];
    if (isTree(value) && (present === undefined || isTree(present))) {
      const table: OpenTree = { ...present };
      mergeUnder(table, value, {
        path: [key],
        strategy: strategyOf(table, [key], root),
        above: undefined,
        onSet,
      });
      if (present !== undefined || Object.keys(table).length > 0) into[key] = table;
    } else if (!(key in into) && key !== MERGE && root === "deep" && !fixed.has(key)) {
      into[key] = value;
      onSet(key);
    }
  }
}

/** Adds to a language the values of the site's table: `params` deeply, nothing else. */
export function mergeLanguageTable(name: string, table: ConfigTree, site: ConfigTree): ConfigTree {
  const merged: OpenTree = { ...table };
  const path = ["languages", "", name];
  const strategy = strategyOf(merged, path, undefined);
  mergeUnder(merged, site, { path, strategy, above: strategy, onSet: () => {} });
  return merged;
}

/** Without keys that only control merging. */
export function withoutStrategies(tree: ConfigTree): ConfigTree {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => key !== MERGE)
      .map(([key, value]) => [key, isTree(value) ? withoutStrategies(value) : value]),
  );
}

// --- strategies ---

const MERGE = "_merge";

type Strategy = "none" | "shallow" | "deep";

interface Merge {
  readonly path: readonly string[];
  readonly strategy: Strategy;
  /** The setting of the parent table: below a shallow one nothing is added. */
  readonly above: Strategy | undefined;
  onSet(key: string): void;
}

function mergeUnder(into: OpenTree, from: ConfigTree, { path, strategy, above, onSet }: Merge): void {
  for (const [key, value] of Object.entries(from)) {
    if (key === MERGE) continue;
    const inner = [...path, key];
    const present = into[key];
    if (!(key in into)) {
      if (strategy === "none" || above === "shallow") continue;
      into[key] = value;
      onSet(inner.join("."));
    } else if (isTree(present) && isTree(value)) {
      const table = { ...present };
      into[key] = table;
      const own = strategyOf(table, inner, strategy);
      mergeUnder(table, value, { path: inner, strategy: own, above: strategy, onSet });
    }
  }
}

/** A table without `_merge` inherits it; `params` is merged deeply everywhere. */
function strategyOf(table: ConfigTree, path: readonly string[], above: Strategy | undefined): Strategy {
  const explicit = explicitStrategy(table);
  if (explicit !== undefined) return explicit;
  const key = path.at(-1) ?? "";
  if (key === "params") return "deep";
  if (path.length === 1 && (key === "outputformats" || key === "mediatypes")) return "shallow";
  if (key === "menus" && (path.length === 1 || path[0] === "languages")) return "shallow";
  return above ?? "none";
}

function explicitStrategy(table: ConfigTree): Strategy | undefined {
  const value = table[MERGE];
  if (value === undefined) return undefined;
  return value === "none" || value === "shallow" ? value : "deep";
}
