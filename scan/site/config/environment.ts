import type { OpenTree } from "./merge.ts";
import { isTree, lowerKeys } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * `HUGO_PARAMS_IMGPROXY_ENDPOINT=…`, or with any other character after HUGO: `HUGOxPARAMSx…`. A value that the configuration
 * has keeps its type; a new value is text.
 */
export function applyEnvironment(
  values: OpenTree,
  { variables, hugoMinor }: { readonly variables: Variables; readonly hugoMinor: number },
  onSet: (key: string, variable: string) => void,
): void {
  for (const [variable, text] of Object.entries(variables)) {
    if (!variable.startsWith("HUGO") || variable.length < 6 || text === undefined) continue;
    // The delimiter is case-sensitive: `HUGOxPARAMSxX` is `params.x`.
    const keys = variable.slice(5).split(variable.charAt(4));
    const [last = "", ...above] = keys.map((key) => key.toLowerCase()).reverse();
    // Before 0.147, the environment could not set a list that the site does not set.
    if (last === "ignorefiles" && hugoMinor < 147 && values[last] === undefined) continue;
    const table = tableAt(values, above.reverse());
    if (table === undefined) continue;
    table[last] = typed(text, table[last], above.length === 0 ? last : "", hugoMinor);
    onSet([...above, last].join("."), variable);
  }
}

/** The requested Hugo environment; undefined if there is none. */
export function environmentName(variables: Variables): string | undefined {
  return variables.HUGO_ENVIRONMENT || variables.HUGO_ENV || undefined;
}

// --- parts ---

/** Created if it does not exist; undefined below a value that is not a table. */
function tableAt(values: OpenTree, keys: readonly string[]): OpenTree | undefined {
  let table = values;
  for (const key of keys) {
    const inner = table[key];
    if (inner !== undefined && !isTree(inner)) return undefined;
    const copy = { ...inner };
    table[key] = copy;
    table = copy;
  }
  return table;
}

const lists: ReadonlySet<string> = new Set(["disablekinds", "disablelanguages", "ignorefiles", "ignorelogs"]);

function typed(text: string, present: unknown, key: string, hugoMinor: number): unknown {
  const trimmed = text.trim();
  if (typeof present === "boolean") return flags[trimmed] ?? text;
  if (typeof present === "number")
    return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : text;
  if (Array.isArray(present) || isTree(present) || (lists.has(key) && trimmed.startsWith("["))) {
    const parsed = data(trimmed, hugoMinor);
    if (Array.isArray(parsed) || isTree(parsed)) return parsed;
  }
  if (lists.has(key)) return trimmed.includes(",") ? trimmed.split(",") : trimmed.split(/\s+/);
  return present === undefined ? text : trimmed;
}

/** Like Go's ParseBool. */
const flags: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

/** Valid because JSON is a subset of YAML. */
function data(text: string, hugoMinor: number): unknown {
  try {
    return lowerKeys(parseYaml(text, hugoMinor));
  } catch {
    return undefined;
  }
}
