import { parse as parseToml } from "smol-toml";
import { parseYaml } from "./yaml.ts";

/** Data that takes too long to parse. */
export class DataTooLarge extends Error {}

/** Maximum characters of front matter, or of one configuration file. */
const MAX_DATA = 128 * 1024;
/** Maximum depth of nested lists and tables. */
const MAX_DATA_DEPTH = 100;

/**
 * Parses data as the site's Hugo does.
 * @param format `toml`, `json` or `org`; anything else is YAML.
 * @throws DataTooLarge for data that exceeds a limit; Error with the parser's message.
 */
export function parseData(text: string, format: string, hugoMinor: number): unknown {
  if (text.length > MAX_DATA) throw new DataTooLarge(`too long (limit ${MAX_DATA} characters)`);
  if (deepest(text) > MAX_DATA_DEPTH) throw new DataTooLarge(`too deeply nested (limit ${MAX_DATA_DEPTH})`);
  try {
    return parse(text.replace(/^\ufeff/, ""), format, hugoMinor);
  } catch (error) {
    // Deep nesting exhausts the stack first.
    throw error instanceof RangeError ? new DataTooLarge("too deeply nested to read") : error;
  }
}

function parse(plain: string, format: string, hugoMinor: number): unknown {
  if (format === "toml") return parseToml(plain, { integersAsBigInt: "asNeeded" });
  if (format === "json") return JSON.parse(plain);
  if (format === "org") return parseOrg(plain);
  return parseYaml(plain, hugoMinor);
}

/** The maximum number of open brackets, or of list dashes on one line; quoted texts do not count. */
function deepest(text: string): number {
  let most = 0;
  let open = 0;
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\\r\n])*"|[[\]{}]|(?:- +){10,}/g)) {
    if (token.startsWith("-")) most = Math.max(most, token.split("-").length - 1);
    else if (token === "[" || token === "{") most = Math.max(most, ++open);
    else if (!token.startsWith('"')) open = Math.max(0, open - 1);
  }
  return most;
}

/** `#+KEY: value`, as go-org and Hugo read it: `#+tags[]:` is a list of words, a repeated key is a list of its values. */
function parseOrg(text: string): Record<string, unknown> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ""] = /^#\+([^:]+):(?:[ \t]+(.*))?$/.exec(line.trimEnd()) ?? [];
    if (name === undefined) continue;
    const key = name.toLowerCase();
    const before = settings.get(key);
    settings.set(key, before === undefined ? value : `${before}\n${value}`);
  }
  return Object.fromEntries([...settings].map(([key, value]) => orgEntry(key, value)));
}

function orgEntry(key: string, value: string): [string, unknown] {
  if (key.endsWith("[]")) return [key.slice(0, -2), value.split(/\s+/).filter((word) => word !== "")];
  if (value.includes("\n")) return [key, value.split("\n")];
  if (key === "filetags") return [key, value.replace(/^:|:$/g, "").split(":")];
  const dated = /^(?:date|lastmod|publishdate|expirydate)$/.test(key);
  return [key, (dated ? /[<[](\d{4}-\d{2}-\d{2}) .*[>\]]/.exec(value)?.[1] : undefined) ?? value];
}
