/** A Markdown text as remark can read it, and the way back for what it gives. */
export interface Shallow {
  /** As long as the text it was made of. */
  readonly text: string;
  restore(destination: string): string;
}

/**
 * CommonMark lets a parser give up at 32 nested parentheses in a destination: remark does, Hugo's goldmark does not. What
 * is deeper is replaced by characters of the same length that mean nothing to Markdown and that no text has.
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

// Unicode keeps these for a program's own use: in no text that is exchanged.
const OPEN = "\ufdd0";
const CLOSE = "\ufdd1";

// --- places ---

function deepPlaces(text: string): number[] {
  const starts = text.matchAll(/\]\([ \t\r\n]*/g);
  return [...starts].flatMap((start) => deepIn(text, start.index + start[0].length));
}

/** Nothing where the parentheses are not balanced: neither parser takes that for a destination. */
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
