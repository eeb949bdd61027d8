import { MAX_SHORTCODES, TooCostly } from "../limits.ts";

/** The content between a shortcode's delimiters. */
export interface ShortcodeTag {
  readonly name: string;
  /** By name, or by position from `0`. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly closing: boolean;
  /** `{{< box />}}`: it has no closing tag. */
  readonly selfClosing: boolean;
  /** Offset after the closing delimiter. */
  readonly end: number;
}

/**
 * Reads a tag by the rules of Hugo's lexer (parser/pageparser/pagelexer_shortcode.go): a value without quotes ends at the next
 * white space, whatever it contains, and white space can surround the equals sign.
 * @param from after the opening delimiter.
 * @returns where Hugo fails, for a tag that it refuses: it does not build such a page.
 * @throws TooCostly for too many parameters.
 */
export function lexTag(
  body: string,
  from: number,
  mark: ">" | "%",
): ShortcodeTag | { readonly refusedAt: number } {
  const tokens: Token[] = [];
  let name: string | undefined;
  let closing = false;
  let selfClosing = false;
  let at = from;
  while (at < body.length) {
    const char = body.charAt(at);
    if (body.startsWith(`${mark}}}`, at)) {
      if (name === undefined) return { refusedAt: at };
      return { name, parameters: parametersOf(tokens), closing, selfClosing, end: at + 3 };
    }
    // Hugo skips a backslash that escapes nothing.
    if (isSpace(char) || (char === "\\" && !/["`]/.test(body.charAt(at + 1)))) at++;
    else if (selfClosing || (closing && name !== undefined)) return { refusedAt: at };
    else if (char === "/") {
      if (name === undefined && !closing) closing = true;
      else if (name !== undefined) selfClosing = true;
      else return { refusedAt: at };
      at++;
    } else if (name === undefined) {
      name = match(body, at, nameWord);
      if (name === "" || name.startsWith("-")) return { refusedAt: at };
      at += name.length;
    } else {
      const token = char === "=" ? lexValue(body, skipSpace(body, at + 1)) : lexParameter(body, at);
      if (token === undefined) return { refusedAt: at };
      tokens.push({ ...token, isValue: char === "=" });
      if (tokens.length > MAX_SHORTCODES)
        throw new TooCostly(`too many parameters of a shortcode (limit ${MAX_SHORTCODES})`, from);
      at = token.end;
    }
  }
  return { refusedAt: at };
}

// --- tokens ---

interface Token {
  readonly text: string;
  readonly end: number;
  /** After an equals sign: the token before it is the name. */
  readonly isValue: boolean;
}

type Lexed = Pick<Token, "text" | "end"> | undefined;

/** A shortcode's name can contain a folder; `.inline` occurs only in shortcodes that a page defines itself. */
const nameWord = /[\p{L}\p{Nd}_/-]+(?:\.inline(?= ))?/uy;
const parameterWord = /[\p{L}\p{Nd}_.-]+/uy;
const toSpace = /[^\t\n\v\f\r ]*/y;

function lexParameter(body: string, at: number): Lexed {
  const char = body.charAt(at);
  if (char === '"') return lexQuoted(body, at, true);
  if (char === "\\") return body.charAt(at + 1) === '"' ? lexQuoted(body, at, false) : undefined;
  if (char === "`") return lexRaw(body, at);
  const text = match(body, at, parameterWord);
  return text === "" || text.startsWith(".") ? undefined : { text, end: at + text.length };
}

function lexValue(body: string, at: number): Lexed {
  const char = body.charAt(at);
  if (char === '"' || char === "\\") return lexQuoted(body, at, char === '"');
  if (char === "`") return lexRaw(body, at);
  const text = match(body, at, toSpace);
  return { text, end: at + text.length };
}

/**
 * On one line. `\"` is a quote inside the text, or its end if it began with `\"`.
 * @param escapes whether it began with a plain quote.
 */
function lexQuoted(body: string, start: number, escapes: boolean): Lexed {
  const from = escapes ? start + 1 : start + 2;
  let escaped = false;
  for (let at = from; at < body.length; at++) {
    const char = body.charAt(at);
    if (char === "\n") return undefined;
    if (char === "\\" && body.charAt(at + 1) === "`") return undefined;
    if (char === "\\" && body.charAt(at + 1) === '"') {
      if (!escapes) return { text: body.slice(from, at), end: at + 2 };
      escaped = true;
      at++;
    } else if (char === '"') {
      const text = body.slice(from, at);
      // Only then does Hugo remove backslashes, and all of them.
      return { text: escaped ? text.replaceAll("\\", "") : text, end: at + 1 };
    }
  }
  return undefined;
}

function lexRaw(body: string, start: number): Lexed {
  const end = body.indexOf("`", start + 1);
  return end === -1 ? undefined : { text: body.slice(start + 1, end), end: end + 1 };
}

function parametersOf(tokens: readonly Token[]): Map<string, string> {
  const parameters = new Map<string, string>();
  let position = 0;
  tokens.forEach(({ text, isValue }, index) => {
    if (isValue) return;
    const value = tokens[index + 1];
    if (value?.isValue) parameters.set(text, value.text);
    else parameters.set(String(position++), text);
  });
  return parameters;
}

// --- characters ---

function isSpace(char: string): boolean {
  return "\t\n\v\f\r ".includes(char);
}

function skipSpace(body: string, from: number): number {
  let at = from;
  while (at < body.length && isSpace(body.charAt(at))) at++;
  return at;
}

/** @param pattern sticky. */
function match(text: string, at: number, pattern: RegExp): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
