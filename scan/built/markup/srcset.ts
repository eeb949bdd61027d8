/** One candidate of a `srcset`. */
export interface SrcsetCandidate {
  readonly url: string;
  /** `800w`, `2x`; empty if there is none. */
  readonly descriptor: string;
  /** Range of the URL in the `srcset`. */
  readonly start: number;
}

/**
 * The candidates of a `srcset` as browsers split it: a URL ends at the next white space, and can contain commas.
 * @see https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute
 */
export function parseSrcset(srcset: string): SrcsetCandidate[] {
  const candidates: SrcsetCandidate[] = [];
  const next = /[\s,]*([^\s]+)/y;
  for (let match = next.exec(srcset); match !== null; match = next.exec(srcset)) {
    const [all, word = ""] = match;
    const start = match.index + all.length - word.length;
    let end = word.length;
    while (word[end - 1] === ",") end--;
    const url = word.slice(0, end);
    const descriptor = url === word ? descriptorAt(srcset, start + word.length) : { text: "", end: 0 };
    if (url !== "") candidates.push({ url, descriptor: descriptor.text.trim(), start });
    next.lastIndex = Math.max(start + word.length, descriptor.end);
  }
  return candidates;
}

/** Up to the next comma outside parentheses. */
function descriptorAt(srcset: string, start: number): { readonly text: string; readonly end: number } {
  let depth = 0;
  for (let at = start; at < srcset.length; at++) {
    const character = srcset[at];
    if (character === "(") depth++;
    else if (character === ")" && depth > 0) depth--;
    else if (character === "," && depth === 0) return { text: srcset.slice(start, at), end: at + 1 };
  }
  return { text: srcset.slice(start), end: srcset.length };
}
