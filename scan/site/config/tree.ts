/** A tree of the site's configuration or of front matter: keys in lower case, as in Hugo. */
export type ConfigTree = Readonly<Record<string, unknown>>;

/** A table in a tree, or an empty one. */
export function treeAt(tree: ConfigTree, ...keys: readonly string[]): ConfigTree {
  return keys.reduce<ConfigTree>((at, key) => (isTree(at[key]) ? at[key] : {}), tree);
}

export function isTree(value: unknown): value is ConfigTree {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Names in Hugo's form: configuration and front matter are case-insensitive. */
export function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  // TOML integers above 2^53: Hugo has 64 bits; no value here needs them.
  if (typeof value === "bigint") return Number(value);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerKeys(inner)]),
  );
}
