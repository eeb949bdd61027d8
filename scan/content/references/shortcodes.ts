import { MAX_SHORTCODES, TooCostly } from "./limits.ts";
import { joinPieces, type Piece, type Reading } from "./reading.ts";
import { lexTag, type ShortcodeTag } from "./shortcode-lexer.ts";

/** A shortcode's tag: `{{< figure src="worms.jpg" >}}`. */
export interface Shortcode extends ShortcodeTag {
  /**
   * Whether Markdown is read after it has run, so that the HTML that it prints is raw HTML: between percent signs, or
   * within a pair of such tags. Hugo's hugolib/shortcode.go: within another pair, percent signs are for what it holds.
   */
  readonly isMarkdown: boolean;
  /** Whether it is within `comment`, of which Hugo prints nothing. */
  readonly isHidden: boolean;
  /** Whether what is before it, after the tag before, is held by `highlight` or `comment`. */
  readonly afterVerbatim: boolean;
  /** Where the tag is: the offset of its first character. */
  readonly start: number;
}

/**
 * Every tag that Hugo would run, before Markdown is read. What is in comment marks is shown, not run.
 * @throws TooCostly for more than any page has.
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
        // Hugo refuses a page with a comment that nothing closes.
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
  // Where the pairs end that a tag is in: all of them, those between percent signs, those that hold no Markdown.
  const within = { any: 0, markdown: 0, highlight: 0, comment: 0 };
  return tags.map((tag, index) => {
    const percent = body.charAt(tag.start + 2) === "%";
    const isMarkdown = tag.start < within.markdown || (percent && tag.start >= within.any);
    const isHidden = tag.start < within.comment;
    const afterVerbatim = tag.start <= Math.max(within.highlight, within.comment);
    const end = tags[ends.get(index) ?? -1]?.start ?? 0;
    within.any = Math.max(within.any, end);
    if (percent) within.markdown = Math.max(within.markdown, end);
    // Hugo's own: they print what they hold as code, or nothing of it.
    if (tag.name === "highlight" || tag.name === "comment")
      within[tag.name] = Math.max(within[tag.name], end);
    return { ...tag, isMarkdown, isHidden, afterVerbatim };
  });
}

/** The closing tag of each that has one, both by index: the last open one of the name is closed, and with it what is open within. */
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
      // Closed already, with what it is in.
      while (last !== undefined && open[last.depth] !== last.index) last = ofName.pop();
      if (last === undefined) return;
      ends.set(last.index, index);
      open.length = last.depth;
    }
  });
  return ends;
}

/** What Hugo puts in the place of `{{< x >}}` while Markdown is read. */
const PLACEHOLDER = "HAHAHUGOSHORTCODE-s0-HBHB";

/** Whether what a reading says has a shortcode in it: what that prints is known when Hugo has run it. */
export function hasShortcode(text: string): boolean {
  return text.includes(PLACEHOLDER) || /\{\{[<%]/.test(text);
}

/**
 * A body as it is written (a template may read its tag's parameters as Markdown), and as Hugo reads it without its tags: its
 * word in the place of each, and an empty line (what `{{% x %}}` prints may begin and end with one). What `highlight` and
 * `comment` hold is no Markdown in any.
 * @param isOurs whether it is known what a tag prints: its parameters are no Markdown.
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

/** Everything but line ends replaced. */
function masked(text: string, character: " " | "x"): string {
  return text.replace(/[^\r\n]/g, character);
}
