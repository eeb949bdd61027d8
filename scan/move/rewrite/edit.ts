/** A part of a text, and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Everything outside of the edits stays as it is, byte by byte. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const unique = [...new Map(edits.map((edit) => [`${edit.start} ${edit.end}`, edit])).values()];
  let result = text;
  for (const { start, end, text: inner } of unique.sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + inner + result.slice(end);
  return result;
}
