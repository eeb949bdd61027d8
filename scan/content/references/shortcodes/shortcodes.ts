import { MAX_SHORTCODES, TooCostly } from "../limits.ts";
import { joinPieces, type Piece, type Reading } from "../reading.ts";
import { lexTag, type ShortcodeTag } from "./shortcode-lexer.ts";

/** A shortcode's tag: `{{< figure src="worms.jpg" >}}`. */
export interface Shortcode extends ShortcodeTag {
  /**
   * Whether Markdown is parsed after it has run, so that its output is raw HTML in Markdown: with percent signs, or inside a
   * pair of such tags. Hugo's hugolib/shortcode.go: inside another pair, percent signs apply to the content of that pair.
   */
  readonly isMarkdown: boolean;
  /** Whether it is inside `comment`, which prints nothing. */
  readonly isHidden: boolean;
  /** Whether the text between the previous tag and this one is inside `highlight` or `comment`. */
  readonly afterVerbatim: boolean;
  /** Offset of its first character. */
  readonly start: number;
}

/**
 * Every tag that Hugo runs, before Markdown is parsed. A tag in comment marks is printed, not run.
 * @throws TooCostly for too many shortcodes.
 */
export function parseShortcodes(body: string): Shortcode[] {
  const found: PlacedTag[] = [];
  for (let start = body.indexOf("{{"); start !== -1; ) {
    const mark = body.charAt(start + 2);
    let next = start + 2;
    if (mark === "<" || mark === "%") {
      const delimiter = mark === "<" ? ">" : "%";
      if (body.startsWith("/*", start + 3)) {
        const end = body.indexOf(`*/${delimiter}}}`, start + 5);
        // Hugo refuses a page with an unclosed comment.
        if (end === -1) break;
        next = end + 5;
      } else {
        const tag = lexTag(body, start + 3, delimiter);
        if ("end" in tag) found.push({ ...tag, start });
        if (found.length > MAX_SHORTCODES)
          throw new TooCostly(`too many shortcodes (limit ${MAX_SHORTCODES})`, start);
        next = "end" in tag ? tag.end : Math.max(tag.refusedAt, start + 3);
      }
    } else if (mark === "{") next = start + 1;
    start = body.indexOf("{{", next);
  }
  return withSurroundings(body, found);
}

interface PlacedTag extends ShortcodeTag {
  readonly start: number;
}

function withSurroundings(body: string, tags: readonly PlacedTag[]): Shortcode[] {
  const ends = closings(tags);
  // Ends of the pairs that a tag is in: all pairs, those with percent signs, those whose content is not Markdown.
  const within = { any: 0, markdown: 0, highlight: 0, comment: 0 };
  return tags.map((tag, index) => {
    const percent = body.charAt(tag.start + 2) === "%";
    const isMarkdown = tag.start < within.markdown || (percent && tag.start >= within.any);
    const isHidden = tag.start < within.comment;
    const afterVerbatim = tag.start <= Math.max(within.highlight, within.comment);
    const end = tags[ends.get(index) ?? -1]?.start ?? 0;
    within.any = Math.max(within.any, end);
    if (percent) within.markdown = Math.max(within.markdown, end);
    // Hugo's own shortcodes: they print their content as code, or not at all.
    if (tag.name === "highlight" || tag.name === "comment")
      within[tag.name] = Math.max(within[tag.name], end);
    return { ...tag, isMarkdown, isHidden, afterVerbatim };
  });
}

/** The closing tag of each tag that has one, by index. It closes the last open tag of its name, and all tags opened inside. */
function closings(tags: readonly ShortcodeTag[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  const openOfName = new Map<string, { readonly index: number; readonly depth: number }[]>();
  tags.forEach(({ name, closing, selfClosing }, index) => {
    if (selfClosing) return;
    const ofName = openOfName.get(name) ?? [];
    openOfName.set(name, ofName);
    if (!closing) ofName.push({ index, depth: open.push(index) - 1 });
    else {
      let last = ofName.pop();
      // Already closed together with the tag around it.
      while (last !== undefined && open[last.depth] !== last.index) last = ofName.pop();
      if (last === undefined) return;
      ends.set(last.index, index);
      open.length = last.depth;
    }
  });
  return ends;
}

/** The placeholder that Hugo puts in the place of `{{< x >}}` while Markdown is parsed. */
const PLACEHOLDER = "HAHAHUGOSHORTCODE-s0-HBHB";

/** Whether a text contains a shortcode: its output is only known after Hugo has run it. */
export function hasShortcode(text: string): boolean {
  return text.includes(PLACEHOLDER) || /\{\{[<%]/.test(text);
}

/**
 * The readings of a body: as written (a template can read a parameter of its tag as Markdown), and as Hugo reads it without its
 * tags: with a placeholder for each tag, and with an empty line (the output of `{{% x %}}` can begin and end with one). The
 * content of `highlight` and `comment` is never Markdown.
 * @param isOurs whether the output of a tag is known: then its parameters are not Markdown.
 */
export function shortcodeReadings(
  body: string,
  shortcodes: readonly Shortcode[],
  isOurs: (tag: Shortcode) => boolean,
): Reading[] {
  const written: Piece[] = [];
  const words: Piece[] = [];
  const lines: Piece[] = [];
  let from = 0;
  const between = (end: number, verbatim: boolean) => {
    const text = body.slice(from, end);
    const piece = { text: verbatim ? masked(text, " ") : text, start: from };
    for (const reading of [written, words, lines]) reading.push(piece);
  };
  for (const tag of shortcodes) {
    const text = body.slice(tag.start, tag.end);
    between(tag.start, tag.afterVerbatim);
    written.push({ text: isOurs(tag) ? masked(text, "x") : text, start: tag.start });
    words.push({ text: PLACEHOLDER, start: tag.start });
    lines.push({ text: "\n\n", start: tag.start });
    from = tag.end;
  }
  between(body.length, false);
  return [joinPieces(written), joinPieces(words), joinPieces(lines)];
}

/** Replaces everything except line ends. */
function masked(text: string, character: " " | "x"): string {
  return text.replace(/[^\r\n]/g, character);
}
