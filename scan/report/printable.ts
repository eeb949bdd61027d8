/**
 * One line as a terminal or a CI runner may show it: whatever a key, a file's name or an answer has in it, it cannot move
 * the cursor, begin a line of its own or turn the text around, and it is no command to a runner (`::error::` at a line's
 * start, `##[error]` and `##vso[…]` anywhere).
 */
export function printable(line: string): string {
  return line
    .replace(unprintable, escaped)
    .replace(/^(\s*):(?=:)/, (_, space: string) => `${space}${escaped(":")}`)
    .replace(/#(?=#\w*\[)/g, escaped);
}

/** The same of a text whose lines are meant. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON that says the same: what JSON leaves as it is in strings is escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[\p{Cs}\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|#(?=#\w*\[)/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** Controls, halves of a character, ends of lines, and what sets the direction of writing. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
