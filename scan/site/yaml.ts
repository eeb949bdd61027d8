import { createRequire } from "node:module";
import { plainYaml } from "./plain-yaml.ts";

/** The parser, loaded by the first text that needs it: most sites have none, and it takes longer than their front matter. */
let parser: typeof import("yaml") | undefined;

/** @throws Error in the parser's words. */
export function parseYaml(text: string): unknown {
  const plain = plainYaml(text);
  if (plain !== undefined) return plain;
  parser ??= yamlParser();
  return parser.parse(text, { merge: true, uniqueKeys: false, logLevel: "error" });
}

function yamlParser(): typeof import("yaml") {
  return createRequire(import.meta.url)("yaml");
}
