/** A text that takes too much time or memory to parse. */
export class TooCostly extends Error {
  /** Offset in the text of the part that exceeds the limit. */
  readonly offset: number;

  /** @param message names the limit. */
  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

/** Maximum depth of nested containers: quotes, list items, definitions. */
export const MAX_DEPTH = 100;
/** Maximum shortcodes of a page, or parameters of one shortcode. */
export const MAX_SHORTCODES = 20_000;
/** Maximum footnotes: at each, a parser searches through all of them. */
export const MAX_FOOTNOTES = 1_000;
/** Maximum unclosed brackets in a paragraph: for each, a parser searches the rest of the text. */
export const MAX_UNCLOSED = 1_000;

/**
 * Finds, in one pass, text that costs Markdown parsers quadratic time or a deep stack.
 * @throws TooCostly
 */
export function checkLimits(text: string): void {
  let paragraph = newParagraph(0);
  let fence = "";
  let footnotes = 0;
  const lineEnd = text.includes("\n") ? "\n" : "\r";
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf(lineEnd, start);
    const end = found === -1 ? text.length : found;
    const { depth, content } = containersOf(text, start, end);
    if (fence === "" && depth > MAX_DEPTH)
      throw new TooCostly(`too deeply nested (limit ${MAX_DEPTH})`, start);
    if (text.startsWith("[^", start) && content > start && ++footnotes > MAX_FOOTNOTES)
      throw new TooCostly(`too many footnotes (limit ${MAX_FOOTNOTES})`, start);
    const marks = /^(?:`{3,}|~{3,})/.exec(text.slice(content, content + 100))?.[0];
    if (fence !== "") fence = marks?.startsWith(fence) ? "" : fence;
    else if (marks !== undefined) fence = marks;
    else {
      if (depth > 0 || content === end || /^[#|]/.test(text.charAt(content))) paragraph = newParagraph(start);
      count(paragraph, text, content, end);
    }
    start = end + 1;
  }
}

// --- lines ---

/** How many containers a line opens or continues, and where its content begins. */
function containersOf(
  text: string,
  start: number,
  end: number,
): { readonly depth: number; readonly content: number } {
  let depth = 0;
  let at = start;
  for (; at < end; depth++) {
    while (at < end && /[ \t]/.test(text.charAt(at))) at++;
    container.lastIndex = at;
    if (!container.test(text)) break;
    // A nested list item is indented by at least two.
    if (depth === 0) depth = Math.floor((at - start) / 2);
    // A line of dashes and spaces only is a thematic break.
    if (depth === 0 && isRule(text, at, end)) break;
    at = container.lastIndex;
  }
  return { depth, content: at };
}

/** The start of a quote, a list item, or the definition of a term or footnote. */
const container = /(?:>|(?:[-*+:]|\d{1,9}[.)])(?=[ \t\r\n]|$)|\[\^[^\]\s]{1,100}\]:)/y;

function isRule(text: string, start: number, end: number): boolean {
  const mark = text.charAt(start);
  if (mark !== "-" && mark !== "*") return false;
  for (let at = start; at < end; at++) if (!`${mark} \t\r`.includes(text.charAt(at))) return false;
  return true;
}

// --- paragraphs ---

interface Paragraph {
  readonly start: number;
  /** Opened, but not closed yet. */
  readonly open: Record<"[" | "(" | "<", number>;
  /** Closed, but never opened. */
  stray: number;
}

function newParagraph(start: number): Paragraph {
  return { start, open: { "[": 0, "(": 0, "<": 0 }, stray: 0 };
}

function count(paragraph: Paragraph, text: string, start: number, end: number): void {
  const { open } = paragraph;
  for (let at = start; at < end; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (char === "[" || char === "<") open[char]++;
    else if (char === "(" && text.charAt(at - 1) === "]") open["("]++;
    else if (char === ")") open["("] = Math.max(0, open["("] - 1);
    else if (char === ">") open["<"] = Math.max(0, open["<"] - 1);
    else if (char === "]") {
      if (open["["] > 0) open["["]--;
      else paragraph.stray++;
    }
  }
  if (open["["] + open["("] + open["<"] + paragraph.stray > MAX_UNCLOSED)
    throw new TooCostly(`too many unclosed brackets (limit ${MAX_UNCLOSED} in a paragraph)`, paragraph.start);
}
