/**
 * One line that is safe for a terminal or a CI runner. Text from a key, a file name or an answer cannot move the cursor, start
 * another line or change the writing direction, and is not a command to a runner (`::error::` at the start of a line,
 * `##[error]` and `##vso[…]` anywhere).
 */
export function printable(line: string): string {
  return line
    .replace(unprintable, escaped)
    .replace(/^(\s*):(?=:)/, (_, space: string) => `${space}${escaped(":")}`)
    .replace(/#(?=#\w*\[)/g, escaped);
}

/** The same for a text with several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** Equivalent JSON: characters that JSON allows unescaped in strings are escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[\p{Cs}\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|#(?=#\w*\[)/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** Controls, surrogates, line ends, and characters that set the writing direction. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
