import { type Label, labelsIn } from "./labels.ts";
import { portionsOf } from "./portions.ts";
import { joinPieces, type Piece, type Reading } from "./reading.ts";

/** The parts of a Markdown text that can contain images. */
export interface RelevantBlocks {
  /** Texts to parse, each on its own; none if nothing is left. */
  readonly readings: readonly Reading[];
  /** Images that need no parser: in blocks that contain only images in plain characters. Offsets in the file. */
  readonly plain: readonly PlainImage[];
}

interface PlainImage {
  readonly destination: string;
  readonly offset: number;
  readonly alt: string;
}

/**
 * The parts of a Markdown text that can contain images. Parsing the rest would be most of a scan's time and change nothing.
 * It cuts only where every container is closed: at a line that begins in the first column after an empty one, outside fenced
 * code and HTML that can contain empty lines. If this cannot be decided line by line, the text stays whole.
 * @param words that relevant raw HTML contains.
 * @param portion approximate characters of one text to parse: a long text is cut, so that its length does not matter.
 */
export function relevantBlocks(
  reading: Reading,
  words: readonly string[],
  portion: number = 8 * 1024,
): RelevantBlocks {
  const blocks = cutBlocks(reading.text);
  if (blocks === undefined) return { readings: [reading], plain: [] };
  const plain: PlainImage[] = [];
  const rest: Piece[] = [];
  for (const block of blocks) {
    if (block.code) continue;
    const images = plainImages(block);
    if (images === undefined) rest.push(block);
    else plain.push(...images);
  }
  const { blocks: kept, whole } = deciding(rest, ["![", ...words]);
  const portions = whole ? [kept] : portionsOf(kept, portion);
  const readings = portions.map((pieces): Reading => {
    const joined = joinPieces(pieces);
    return { text: joined.text, fileOffset: (offset) => reading.fileOffset(joined.fileOffset(offset)) };
  });
  return {
    readings,
    plain: plain.map((image) => ({ ...image, offset: reading.fileOffset(image.offset) })),
  };
}

/**
 * Keeps blocks with a relevant word and blocks that can be anywhere: definitions of links, and references to footnotes that
 * contain one (a footnote without a reference is not shown).
 * @returns whether the blocks must be read as one text.
 */
function deciding(
  blocks: readonly Piece[],
  wanted: readonly string[],
): { readonly blocks: readonly Piece[]; readonly whole: boolean } {
  const shown = new Set(blocks.filter((block) => includesAny(block.text, wanted)));
  if (shown.size === 0) return { blocks: [], whole: false };
  const footnotes = new Set(
    [...shown].flatMap(({ text }) => (text.includes("[^") ? labelsIn(text) : [])).flatMap(footnoteOf),
  );
  const kept = blocks.filter((block) => {
    if (shown.has(block)) return true;
    if (!block.text.includes("]:") && footnotes.size === 0) return false;
    return labelsIn(block.text).some(({ label, defines }) =>
      label.startsWith("^") ? footnotes.has(label) : defines,
    );
  });
  return { blocks: kept, whole: footnotes.size > 0 };
}

/** Labels of definitions, and labels that an image seems to use. */
function footnoteOf({ label, defines, isImage }: Label): string[] {
  return label.startsWith("^") && (defines || isImage) ? [label] : [];
}

/** @returns undefined for a block that may contain anything else. */
function plainImages({ text, start }: Piece): PlainImage[] | undefined {
  const images: PlainImage[] = [];
  plainStart.lastIndex = 0;
  while (plainStart.test(text)) {
    plainImage.lastIndex = plainStart.lastIndex;
    const image = plainImage.exec(text);
    const [, alt, destination] = image ?? [];
    if (image === null || alt === undefined || destination === undefined) return undefined;
    images.push({ destination, alt, offset: start + image.index });
    plainStart.lastIndex = plainImage.lastIndex;
    plainEnd.lastIndex = plainImage.lastIndex;
    if (plainEnd.test(text)) return images;
  }
  return undefined;
}

/** What can precede an image: nothing, spaces after another image, or a line end and a list marker. */
const plainStart = /(?:^|(?:\r\n|[\r\n]))(?:[-*+] )?|[ \t]*/y;
/** An image without characters that Markdown might read in another way. */
const plainImage = /!\[([\p{L}\p{N} ,.'-]*)\]\(([\p{L}\p{N}_./?=%-]+)(?: "[\p{L}\p{N} ,.'-]*")?\)[ \t]*/uy;
const plainEnd = /[ \t\r\n]*$/y;

function includesAny(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word));
}

// --- cutting ---

/** Fenced code, or HTML that an empty line does not end, at the top level. */
type Open = { readonly fence: string; readonly within?: RegExp } | { readonly end: RegExp };

interface Block extends Piece {
  /** A block that is only fenced code. */
  readonly code: boolean;
}

function cutBlocks(text: string): Block[] | undefined {
  const blocks: Block[] = [];
  let start = 0;
  let open: Open | undefined;
  let code = false;
  let container = false;
  let afterBlank = true;
  for (const line of linesOf(text)) {
    const blank = isBlank(line.text);
    if (open === undefined && afterBlank && /^[^\s:]/.test(line.text)) {
      if (line.start > start) blocks.push({ text: text.slice(start, line.start), start, code });
      start = line.start;
      code = /^(?:```|~~~)/.test(line.text);
      container = false;
    }
    if (open !== undefined) {
      if (leaves(open, line.text)) return undefined;
      open = closes(open, line.text) ? undefined : open;
    } else {
      open = opening(line.text);
      code &&= line.start === start ? open !== undefined && "fence" in open : blank;
      // Two spaces before a fence belong to the fence or to its list item; both are the same until a line has fewer.
      if (open !== undefined && container && line.text.startsWith(" ")) {
        if ("end" in open) return undefined;
        open = { ...open, within: atLeastAsDeep(line.text) };
      }
      container ||= containerStart.test(line.text);
    }
    afterBlank = blank;
  }
  blocks.push({ text: text.slice(start), start, code });
  return blocks;
}

function isBlank(line: string): boolean {
  return /^[ \t]*$/.test(line);
}

/** A list item, or the definition of a footnote or term: the indented lines after it can belong to it. */
const containerStart = /^ {0,3}(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)|\[\^|:)/;

function opening(line: string): Open | undefined {
  if (!openingStart.test(line)) return undefined;
  const fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line);
  if (fence !== null) return { fence: fence[1] ?? fence[2] ?? "" };
  const html = /^ {0,3}<(?:(?:script|pre|style|textarea)(?=[\s>]|$)|!--|\?|![A-Za-z]|!\[CDATA\[)/i.exec(line);
  if (html === null) return undefined;
  const end = htmlEnd(html[0].trimStart().toLowerCase());
  return end.test(line.slice(html[0].length - endOverlap(html[0]))) ? undefined : { end };
}

/** Nearly no line opens anything. */
const openingStart = /^ {0,3}[`~<]/;

/** The first five kinds of HTML blocks in CommonMark. */
function htmlEnd(start: string): RegExp {
  if (start === "<!--") return /-->/;
  if (start === "<?") return /\?>/;
  if (start === "<![cdata[") return /\]\]>/;
  return start.startsWith("<!") ? />/ : /<\/(?:script|pre|style|textarea)>/i;
}

/** `<!-->` is a whole comment, `<?>` a whole instruction: the end can overlap the start. */
function endOverlap(start: string): number {
  return start.endsWith("<!--") ? 2 : start.endsWith("<?") ? 1 : 0;
}

function atLeastAsDeep(line: string): RegExp {
  const spaces = line.length - line.trimStart().length;
  return new RegExp(`^(?: {${spaces}}| {0,3}\\t)`);
}

function leaves(open: Open, line: string): boolean {
  return "fence" in open && open.within !== undefined && !isBlank(line) && !open.within.test(line);
}

function closes(open: Open, line: string): boolean {
  if ("end" in open) return open.end.test(line);
  const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
  return fence?.startsWith(open.fence) === true;
}

function linesOf(text: string): Piece[] {
  const lines: Piece[] = [];
  const ends = /\r\n|[\r\n]/g;
  let start = 0;
  while (ends.test(text)) {
    const next = ends.lastIndex;
    const end = text.charCodeAt(next - 1) === 10 && text.charCodeAt(next - 2) === 13 ? next - 2 : next - 1;
    lines.push({ text: text.slice(start, end), start });
    start = next;
  }
  if (start < text.length) lines.push({ text: text.slice(start), start });
  return lines;
}
