/** A Markdown text that remark can read, and the way back to the original text. */
export interface Shallow {
  /** Has the length of the original text. */
  readonly text: string;
  restore(destination: string): string;
}

/**
 * CommonMark allows a parser to stop at 32 nested parentheses in a destination; remark does, Hugo's goldmark does not. Deeper
 * ones are replaced by characters of the same length that have no meaning in Markdown and occur in no text.
 */
export function withoutDeepParentheses(text: string): Shallow {
  const deep = manyParentheses.test(text) ? deepPlaces(text) : [];
  if (deep.length === 0) return { text, restore: (destination) => destination };
  const units = text.split("");
  for (const at of deep) units[at] = units[at] === "(" ? OPEN : CLOSE;
  return {
    text: units.join(""),
    restore: (destination) => destination.replaceAll(OPEN, "(").replaceAll(CLOSE, ")"),
  };
}

const DEEPEST = 32;
const manyParentheses = new RegExp(`(?:\\([^\\s(]*){${DEEPEST + 1}}`);

// Noncharacters: Unicode reserves them for internal use, so no exchanged text contains them.
const OPEN = "\ufdd0";
const CLOSE = "\ufdd1";

// --- places ---

function deepPlaces(text: string): number[] {
  const starts = text.matchAll(/\]\([ \t\r\n]*/g);
  return [...starts].flatMap((start) => deepIn(text, start.index + start[0].length));
}

/** Undefined if the parentheses are not balanced: then neither parser reads a destination. */
function deepIn(text: string, start: number): number[] {
  const deep: number[] = [];
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const unit = text.charAt(at);
    if (unit === "\\") at++;
    else if (unit === "(") {
      if (++depth > DEEPEST) deep.push(at);
    } else if (unit === ")") {
      if (depth > DEEPEST) deep.push(at);
      if (--depth < 0) return deep;
    } else if (/\s/.test(unit)) return depth === 0 ? deep : [];
  }
  return [];
}
