import { createRequire } from "node:module";
import type { ScalarTag, Tags } from "yaml";
import { linesOf } from "../../lines.ts";
import { plainYaml } from "./plain-yaml.ts";
import { repairYaml } from "./repair-yaml.ts";

/** The parser, loaded for the first text that needs it: most sites have none, and loading takes longer than their front matter. */
let parser: typeof import("yaml") | undefined;

/**
 * Parses YAML as the site's Hugo does.
 * @throws Error with the parser's message.
 */
export function parseYaml(text: string, hugoMinor: number): unknown {
  const plain = plainYaml(text);
  if (plain !== undefined) return plain;
  parser ??= yamlParser();
  // For Hugo, a carriage return alone ends a line.
  const lines = text.replace(/\r\n?/g, "\n");
  const own = hugoMinor < GOCCY ? [wordFlag, oldInteger] : [oldInteger];
  const options = {
    // Formatting an error costs the parser time proportional to the whole text.
    ...({ merge: true, uniqueKeys: false, prettyErrors: false } as const),
    customTags: (tags: Tags) => [...own, ...tags],
  };
  const repaired = repairYaml(lines);
  const document = parser.parseDocument(repaired, options);
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  const { line, column } = linesOf(repaired)(error.pos[0]);
  throw new Error(`${error.message} at line ${line}, column ${column}`);
}

/** Since 0.152 Hugo reads YAML with goccy/go-yaml, before with go-yaml, for which `yes` is true. */
const GOCCY = 152;

const wordFlag: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
  resolve: (word) => /^(?:y|on)/i.test(word),
};

/** Numbers of YAML 1.1, which both parsers read: octal with a leading zero, binary, and underscores. */
const oldInteger: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?(?:0b[01_]+|0[0-7_]+|[1-9][0-9]*_[0-9_]*)$/,
  resolve(word) {
    const digits = word.replace(/^[-+]|_/g, "");
    const value = Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
    return word.startsWith("-") ? -value : value;
  },
};

function yamlParser(): typeof import("yaml") {
  return createRequire(import.meta.url)("yaml");
}
