import { labelsIn } from "./labels.ts";
import type { Piece } from "./reading.ts";

/**
 * Cuts the blocks of a long text into portions that are parsed separately, so that the length does not matter. Each portion
 * contains the definitions of its labels, in their order. Long lists and tables are cut too.
 * @param blocks of Markdown that depend on each other only by link definitions.
 * @param longest maximum characters of a portion without definitions; only a block that cannot be cut may be longer.
 */
export function portionsOf(blocks: readonly Piece[], longest: number): readonly (readonly Piece[])[] {
  if (blocks.length === 0) return [];
  if (lengthOf(blocks) <= longest) return [blocks];
  const parts = blocks.flatMap((block) => cutDefinitions(block) ?? cutBlock(block, longest));
  const definitions = definitionsIn(parts);
  const portions: Part[][] = [];
  let length = longest;
  for (const part of parts) {
    if (length + part.text.length > longest) {
      portions.push([]);
      length = 0;
    }
    portions.at(-1)?.push(part);
    length += part.text.length;
  }
  return portions.map((portion) => apart(withHeads([...portion, ...definitionsFor(portion, definitions)])));
}

/** A block, or a part of one. */
interface Part extends Piece {
  /** The text that must precede it: the header of its table. */
  readonly head?: Piece;
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.text.length, 0);
}

// --- long blocks ---

/** The lines of a block of definitions only, one definition a line. */
function cutDefinitions(block: Piece): Part[] | undefined {
  if (!definitionLine.test(block.text)) return undefined;
  const lines = linesIn(block);
  const isCut = lines.every(({ text }) => definitionLine.test(text) || text.trim() === "");
  return isCut ? lines : undefined;
}

const definitionLine = /^\[(?!\^)[^[\]\\]{1,999}\]:[ \t]*[^\s<]/;

/** The items of a list, the rows of a table; any other block stays whole. */
function cutBlock(block: Piece, longest: number): Part[] {
  if (block.text.length <= longest) return [block];
  const lines = linesIn(block);
  const [first, second, ...rows] = lines;
  if (first === undefined || second === undefined) return [block];
  if (delimiterRow.test(second.text) && lines.every(({ text }) => text.startsWith("|"))) {
    const head = { text: first.text + second.text, start: first.start };
    return [head, ...rows.map((row): Part => ({ ...row, head }))];
  }
  const starts = listItems(lines) ?? [0];
  return starts.map((start, at) => {
    const end = lines[starts[at + 1] ?? lines.length]?.start ?? block.start + block.text.length;
    const from = lines[start]?.start ?? block.start;
    return { text: block.text.slice(from - block.start, end - block.start), start: from };
  });
}

const delimiterRow = /^\|[ \t|:-]+[\r\n]*$/;

/**
 * Splits a list at items that begin in the first column, which close everything before. HTML and fenced code can continue
 * beyond such a line.
 */
function listItems(lines: readonly Piece[]): readonly number[] | undefined {
  const mark = itemMark(lines[0]?.text ?? "");
  if (mark === undefined || lines.some(({ text }) => /^ {0,3}<|```|~~~/.test(text))) return undefined;
  return lines.flatMap(({ text }, at) => (itemMark(text) === mark ? [at] : []));
}

/** The marker of an item. The same marker continues the list; another one may be text of a paragraph. */
function itemMark(line: string): string | undefined {
  return /^(?:[-*+]|\d{1,9}[.)])(?= +[^ \r\n])/.exec(line)?.[0].at(-1);
}

function linesIn({ text, start }: Piece): Piece[] {
  const lines: Piece[] = [];
  let from = 0;
  for (const end of text.matchAll(/\r\n|\r|\n|$/g)) {
    const next = end.index + end[0].length;
    if (next > from) lines.push({ text: text.slice(from, next), start: start + from });
    from = next;
  }
  return lines;
}

// --- what is elsewhere ---

function definitionsIn(parts: readonly Part[]): ReadonlyMap<string, readonly Part[]> {
  const definitions = new Map<string, Part[]>();
  for (const part of parts) {
    if (!part.text.includes("]:")) continue;
    for (const { label, defines } of labelsIn(part.text)) {
      const same = definitions.get(label) ?? [];
      if (defines && same.length < MAX_SAME) definitions.set(label, [...same, part]);
    }
  }
  return definitions;
}

/** The first definition of a label counts; in code there is none. */
const MAX_SAME = 3;

function definitionsFor(
  portion: readonly Part[],
  definitions: ReadonlyMap<string, readonly Part[]>,
): readonly Part[] {
  if (definitions.size === 0) return [];
  return portion.flatMap(({ text }) => labelsIn(text)).flatMap(({ label }) => definitions.get(label) ?? []);
}

/** Each part once, in the order of the file, and the header of each table. */
function withHeads(parts: readonly Part[]): readonly Part[] {
  const all = new Map<number, Part>();
  for (const part of parts) {
    if (part.head !== undefined) all.set(part.head.start, part.head);
    all.set(part.start, part);
  }
  return [...all.values()].sort((a, b) => a.start - b.start);
}

/** Adds empty lines between parts that are not adjacent in the file. */
function apart(parts: readonly Part[]): readonly Piece[] {
  return parts.flatMap((part, at) => {
    const before = parts[at - 1];
    const follows = before === undefined || before.start + before.text.length === part.start;
    return follows || part.head?.start === before.start
      ? [part]
      : [{ text: "\n\n", start: part.start }, part];
  });
}
