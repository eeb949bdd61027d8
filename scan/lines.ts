/** A position in a file, for people: both from 1; a column counts UTF-16 units, as editors do. */
export interface LineAndColumn {
  readonly line: number;
  readonly column: number;
}

/**
 * Converts offsets in a text to lines and columns. The text is read once, at the first call.
 * @param start where in its file the text begins.
 */
export function linesOf(
  text: string,
  start: LineAndColumn = { line: 1, column: 1 },
): (offset: number) => LineAndColumn {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    const line = lastAtMost(starts, offset);
    const column = offset - (starts[line] ?? 0) + 1;
    return { line: start.line + line, column: line === 0 ? start.column + column - 1 : column };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  // A match would be an array for each line.
  const ends = /\r\n|\r|\n/g;
  while (ends.test(text)) starts.push(ends.lastIndex);
  return starts;
}

/** The index of the last of ascending numbers that is not greater than a value; 0 if there is none. */
export function lastAtMost(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((rising[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
