/**
 * Reads the YAML that most front matter is: keys in the first column, each with a text, a whole number, true, false, or a list of
 * these. It means the same to every parser, and takes a tenth of a parser's time here. Each line is read once.
 * @returns undefined for anything else, which the parser reads.
 */
export function plainYaml(text: string): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  /** Of the key above, if it has no value on its line. */
  let items: unknown[] | undefined;
  let column: string | undefined;
  let end = 0;
  for (let start = 0; start < text.length; start = end + 1) {
    end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const line = withoutSpaces(text.slice(start, text.charAt(end - 1) === "\r" ? end - 1 : end));
    if (line === "") continue;
    const [before = "", name] = key.exec(line) ?? [];
    if (name === undefined) {
      const [mark = "", indent = ""] = dash.exec(line) ?? [];
      const item = mark === "" ? undefined : scalarOf(line.slice(mark.length));
      column ??= indent;
      if (items === undefined || item === undefined || indent !== column) return undefined;
      items.push(item);
      continue;
    }
    if (yamlWord.test(name) || Object.hasOwn(values, name) || items?.length === 0) return undefined;
    items = before.length === line.length ? [] : undefined;
    column = undefined;
    const value = items ?? readValue(line.slice(before.length));
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return items?.length === 0 || Object.keys(values).length === 0 ? undefined : values;
}

const key = /^([A-Za-z][\w-]*):(?: +|$)/;
const dash = /^( *)- +/;

// --- values ---

function readValue(text: string): unknown {
  if (!text.startsWith("[")) return scalarOf(text);
  if (!text.endsWith("]")) return undefined;
  const items = text
    .slice(1, -1)
    .split(",")
    .map((one) => scalarOf(withoutSpaces(one.replace(/^ +/, ""))));
  return items.includes(undefined) ? undefined : items;
}

/** Undefined for what may be anything else. YAML 1.2 has no dates: they are texts, which dates.ts reads. */
function scalarOf(text: string): unknown {
  if (quoted.test(text)) return text.slice(1, -1);
  if (/^(?:0|-?[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return (word.test(text) && !yamlWord.test(text)) || date.test(text) ? text : undefined;
}

/** Without escapes, and without characters that some parser refuses or ends a line at. */
const quoted = /^"[^"\\\p{C}\p{Zl}\p{Zp}]*"$/u;

/** Begins with a letter, and has nothing in it that begins or ends something in YAML. */
const word = /^\p{L}[\p{L}\p{M}\p{N} _.;()'!?&+/–—-]*$/u;

/** It means something else to some parser. */
const yamlWord = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?)?$/;

function withoutSpaces(text: string): string {
  let end = text.length;
  while (text.charAt(end - 1) === " ") end--;
  return end === text.length ? text : text.slice(0, end);
}
