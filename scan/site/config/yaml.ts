import {
  boolCoreTag,
  CORE_SCHEMA,
  defineScalarTag,
  intCoreTag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  YAMLException,
} from "js-yaml";
import { plainYaml } from "./plain-yaml.ts";
import { repairYaml } from "./repair-yaml.ts";

/**
 * Parses YAML as the site's Hugo does.
 * @throws Error with the parser's message and the place.
 */
export function parseYaml(text: string, hugoMinor: number): unknown {
  return plainYaml(text) ?? parseAnyYaml(text, hugoMinor);
}

function parseAnyYaml(text: string, hugoMinor: number): unknown {
  // A carriage return alone ends a line for Hugo.
  const lines = repairYaml(text.replace(/\r\n?/g, "\n"));
  const schema = hugoMinor < GOCCY ? oldSchema : newSchema;
  try {
    // The older parser takes the last of two keys with one name; the newer one refuses them.
    const [value = null, ...others] = loadAll(lines, { schema, json: hugoMinor < GOCCY });
    if (others.length > 0) throw new Error("it has more than one document");
    if (lines.includes("*") && sizeOf(value) > MAX_SIZE)
      throw new Error("its aliases (*name) repeat too much");
    return value;
  } catch (error) {
    if (!(error instanceof YAMLException) || error.mark === undefined) throw error;
    const { line, column } = error.mark;
    throw new Error(`${error.reason} at line ${line + 1}, column ${column + 1}`, { cause: error });
  }
}

/** Since 0.152 Hugo reads YAML with goccy/go-yaml; before with go-yaml, where `yes` means true. */
const GOCCY = 152;

// --- schemas ---

/** YAML 1.1's numbers, which both parsers know: octal with a zero before it, binary, and underscores. */
const integer = defineScalarTag("tag:yaml.org,2002:int", {
  ...intCoreTag,
  implicitFirstChars: null,
  resolve(word, isExplicit, name) {
    if (!/^[-+]?(?:0b[01_]+|0[0-7_]+|[1-9][0-9]*_[0-9_]*)$/.test(word))
      return intCoreTag.resolve(word, isExplicit, name);
    const digits = word.replace(/^[-+]|_/g, "");
    const value = Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
    return word.startsWith("-") ? -value : value;
  },
});

/** YAML 1.1's words for true and false. */
const wordFlag = defineScalarTag("tag:yaml.org,2002:bool", {
  ...boolCoreTag,
  implicitFirstChars: null,
  resolve(word, isExplicit, name) {
    const core = boolCoreTag.resolve(word, isExplicit, name);
    if (core !== NOT_RESOLVED) return core;
    if (!/^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(word)) return NOT_RESOLVED;
    return /^(?:y|on)/i.test(word);
  },
});

const newSchema = CORE_SCHEMA.withTags(mergeTag, integer);
const oldSchema = newSchema.withTags(wordFlag);

// --- aliases ---

/** Values that a file may have with each alias written out: ten lines can stand for millions. */
const MAX_SIZE = 1_000_000;

/** The number of values with each alias written out; infinite if one contains itself. */
function sizeOf(value: unknown, known = new Map<object, number>()): number {
  if (typeof value !== "object" || value === null) return 1;
  const size = known.get(value);
  if (size !== undefined) return size;
  known.set(value, Number.POSITIVE_INFINITY);
  const whole = Object.values(value).reduce<number>((sum, inner) => sum + sizeOf(inner, known), 1);
  known.set(value, whole);
  return whole;
}
