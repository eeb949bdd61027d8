/** The lines of a text with some more. The text ends with a line end, unless it is empty. */
export function insertLines(text: string, at: number, added: readonly string[]): string {
  const lines = linesOf(text);
  lines.splice(at, 0, ...added);
  return joined(lines);
}

export function replaceLine(text: string, at: number, line: string): string {
  const lines = linesOf(text);
  lines[at] = line;
  return joined(lines);
}

/** Without the empty one after the last line end. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** At the end, after an empty line. */
export function appendLines(text: string, added: readonly string[]): string {
  const lines = linesOf(text);
  const isSeparate = lines.length === 0 || lines.at(-1)?.trim() === "";
  return joined([...lines, ...(isSeparate ? [] : [""]), ...added]);
}

/** The white space at the start of a line. */
export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

export function isBlank(line: string): boolean {
  return line.trim() === "";
}

export function isComment(line: string): boolean {
  return line.trimStart().startsWith("#");
}

/** The place of the first of the comment lines directly above a line, or of the line itself. */
export function startWithComments(lines: readonly string[], at: number): number {
  let start = at;
  while (start > 0 && isComment(lines[start - 1] ?? "")) start--;
  return start;
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
