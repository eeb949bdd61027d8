/**
 * Reads the simple YAML that most front matter is: keys in the first column, each with a word, a quoted text, a whole number,
 * or a list of these. A YAML parser takes a hundred times as long. This subset means the same to every parser.
 * @returns undefined for anything else, which needs a parser.
 */
export function plainYaml(text: string): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  let list: unknown[] | undefined;
  let indent: string | undefined;
  let open: string | undefined;
  for (const line of text.split(/\r\n|\n/)) {
    if (line === "") continue;
    const [, name, rest = ""] = /^([A-Za-z][A-Za-z0-9_-]*):(?: +(.*))?$/s.exec(line) ?? [];
    if (name !== undefined) {
      if (wordsOfYaml.test(name) || name in values) return undefined;
      const value = rest === "" ? null : plainValue(rest);
      if (value === undefined) return undefined;
      values[name] = value;
      open = value === null && rest === "" ? name : undefined;
      list = undefined;
      continue;
    }
    const [, before, item = ""] = /^( *)- +(.*)$/s.exec(line) ?? [];
    const value = scalar(item, blockWord);
    if (open === undefined || before === undefined || value === undefined) return undefined;
    if (list === undefined) {
      list = [];
      indent = before;
      values[open] = list;
    } else if (before !== indent) return undefined;
    list.push(value);
  }
  return values;
}

// --- values ---

function plainValue(text: string): unknown {
  const list = /^\[(.*)\] *$/.exec(text)?.[1];
  return list === undefined ? scalar(text, blockWord) : flowList(list);
}

/** `a, "b", 3`; commas inside quotes need a parser. */
function flowList(text: string): unknown[] | undefined {
  if (text.trim() === "") return /^ *$/.test(text) ? [] : undefined;
  const items = text.split(",").map((item) => scalar(item.replace(/^ +/, ""), flowWord));
  return items.includes(undefined) ? undefined : items;
}

/** A text, a whole number, true, false or null; undefined for anything that may be something else. */
function scalar(text: string, word: RegExp): unknown {
  const [, double, single, plain] = quotedOrPlain.exec(withoutSpaces(text)) ?? [];
  if (double !== undefined) return double;
  if (single !== undefined) return single;
  if (plain === undefined) return undefined;
  if (/^(?:0|-?[1-9][0-9]{0,14})$/.test(plain)) return Number(plain);
  // YAML 1.2 has no dates: they are texts, which Hugo and dates.ts parse.
  if (/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z| ?[+-]\d\d:?\d\d)?)?$/.test(plain)) return plain;
  if (!word.test(plain)) return undefined;
  const known = wordsOfYaml.exec(plain)?.[0].toLowerCase();
  if (known === undefined) return plain;
  // Other spellings, such as `tRue`, are words; the meaning of `yes` depends on the parser.
  if (!/^(?:true|false|null)$/.test(known) || !/^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/.test(plain))
    return undefined;
  return known === "null" ? null : known === "true";
}

/** Without trailing spaces. */
function withoutSpaces(text: string): string {
  let end = text.length;
  while (text.charAt(end - 1) === " ") end--;
  return text.slice(0, end);
}

/** Without escapes, and without characters that some parsers treat as line ends. */
const quotedOrPlain = /^(?:"([^"\\\p{C}\p{Zl}\p{Zp}]*)"|'([^'\p{C}\p{Zl}\p{Zp}]*)'|(.*))$/u;

/** Without characters that can begin or end something in YAML. */
const blockWord = /^\p{L}(?:[\p{L}\p{M}\p{N} _.,;()'!?&+/–—-]*[\p{L}\p{M}\p{N}_.,;()'!?&+/–—-])?$/u;
const flowWord = /^\p{L}(?:[\p{L}\p{M}\p{N} _.;()'!?&+/–—-]*[\p{L}\p{M}\p{N}_.;()'!?&+/–—-])?$/u;

const wordsOfYaml = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
