import * as v from "valibot";
import { defaultParams, type SiteParams, siteParams } from "../../contract/page/params.ts";
import { InvalidParams } from "../cannot-run.ts";
import { type ConfigTree, lowerKeys } from "./config/tree.ts";

/**
 * Parses `[params.imgproxy]`, with defaults filled in.
 * @param given keys in lower case.
 * @param originOf the file that set a key, for errors.
 * @throws InvalidParams with every fault, each with file and key.
 */
export function parseParams(given: ConfigTree, originOf: (key: string) => string): SiteParams {
  const faults = new Map<string, string>();
  const values = Object.entries(defaultParams).map(([name, fallback]) => {
    try {
      return [name, given[name] === undefined ? fallback : parsedText(name, given[name])];
    } catch {
      faults.set(name, "JSON where it begins with a bracket");
      return [name, fallback];
    }
  });
  const { success, output, issues } = v.safeParse(siteParams, Object.fromEntries(values));
  for (const { path = [], message } of issues ?? []) {
    const name = `${path[0]?.key}`;
    if (!faults.has(name)) faults.set(name, message);
  }
  if (success && faults.size === 0) return output;
  const lines = Array.from(faults, ([name, takes]) => {
    const key = `params.imgproxy.${name}`;
    return `${originOf(key)}: ${key} takes ${takes}; it is ${JSON.stringify(given[name])}`;
  });
  throw new InvalidParams(lines.join("\n"));
}

/**
 * Lists and tables from the environment are JSON, the twin of layouts/partials/imgproxy/_/site/given.html.
 * @throws SyntaxError
 */
function parsedText(name: string, value: unknown): unknown {
  const isJson = typeof value === "string" && structured.has(name) && /^\s*[[{]/.test(value);
  return isJson ? lowerKeys(JSON.parse(value)) : value;
}

const structured: ReadonlySet<string> = new Set([
  "tiers",
  "formats",
  "sources",
  "frontmatter",
  "gallery",
  "albums",
  "meta",
  "social",
]);
