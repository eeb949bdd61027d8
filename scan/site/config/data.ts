import { parse as parseToml } from "smol-toml";
import { parseYaml } from "./yaml.ts";

/**
 * Data as the site's Hugo reads it.
 * @param format `toml`, `json` or `org`; anything else is YAML.
 * @throws Error in the parser's words.
 */
export function parseData(text: string, format: string, hugoMinor: number): unknown {
  const plain = text.replace(/^\ufeff/, "");
  if (format === "toml") return parseToml(plain, { integersAsBigInt: "asNeeded" });
  if (format === "json") return JSON.parse(plain);
  if (format === "org") return parseOrg(plain);
  return parseYaml(plain, hugoMinor);
}

/** `#+KEY: value`, as go-org and Hugo read it: `#+tags[]:` is a list of words, a repeated key a list of its values. */
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
