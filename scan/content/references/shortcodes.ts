import { joinPieces, type Piece, type Reading, wholeReading } from "./reading.ts";

/** A shortcode's opening tag: `{{< figure src="worms.jpg" >}}`. */
export interface Shortcode {
  readonly name: string;
  /** By name, or by position from `0`. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly closing: boolean;
  /** Where the tag is: offsets of its first character and of the first after it. */
  readonly start: number;
  readonly end: number;
}

/** Every tag that Hugo would run, before Markdown is read. A tag in comment marks is shown, not run. */
export function parseShortcodes(body: string): Shortcode[] {
  const found: Shortcode[] = [];
  const opening = /\{\{([<%])(?!\/\*)/g;
  for (let match = opening.exec(body); match !== null; match = opening.exec(body)) {
    const parsed = parseTag(body, match.index + 3, match[1] === "<" ? ">" : "%");
    if (parsed === undefined) continue;
    found.push({ ...parsed, start: match.index });
    opening.lastIndex = parsed.end;
  }
  return found;
}

/** What Hugo puts in the place of `{{< x >}}` while Markdown is read. */
const PLACEHOLDER = "HAHAHUGOSHORTCODE-s0-HBHB";

/** Whether what a reading says has a shortcode in it: what that prints is known when Hugo has run it. */
export function hasShortcode(text: string): boolean {
  return text.includes(PLACEHOLDER) || /\{\{[<%]/.test(text);
}

/**
 * The two readings of a body whose tags Hugo has taken out: its word in the place of each, and an empty line (what `{{% x %}}` prints may begin and end with one). What `highlight` and `comment` hold is
 * no Markdown in either.
 */
export function shortcodeReadings(body: string, shortcodes: readonly Shortcode[]): Reading[] {
  const verbatim = blankVerbatim(body, shortcodes);
  const words: Piece[] = [];
  const lines: Piece[] = [];
  let from = 0;
  for (const tag of shortcodes) {
    const before = { text: verbatim.slice(from, tag.start), start: from };
    words.push(before, { text: PLACEHOLDER, start: tag.start });
    lines.push(before, { text: "\n\n", start: tag.start });
    from = tag.end;
  }
  const rest = { text: verbatim.slice(from), start: from };
  return [wholeReading(verbatim), joinPieces([...words, rest]), joinPieces([...lines, rest])];
}

function blankVerbatim(body: string, shortcodes: readonly Shortcode[]): string {
  let text = body;
  shortcodes.forEach((tag, index) => {
    if (tag.closing || !verbatimShortcodes.has(tag.name)) return;
    const end = shortcodes.slice(index + 1).find((other) => other.closing && other.name === tag.name);
    if (end !== undefined)
      text = text.slice(0, tag.end) + blank(text.slice(tag.end, end.start)) + text.slice(end.start);
  });
  return text;
}

/** Hugo's own that print what they hold as code, or nothing of it. */
const verbatimShortcodes: ReadonlySet<string> = new Set(["highlight", "comment"]);

// --- one tag ---

function parseTag(
  body: string,
  from: number,
  mark: ">" | "%",
): Pick<Shortcode, "name" | "parameters" | "closing" | "end"> | undefined {
  const tokens =
    /\s*(?:(\/?>|\/?%)\}\}|(\/)|"((?:\\.|[^"\\])*)"|`([^`]*)`|([^\s"`=/%>}][^\s"`=>}]*)(=)?|(=))/gsy;
  tokens.lastIndex = from;
  const words: { readonly text: string; readonly name: boolean }[] = [];
  let closing = false;
  for (let token = tokens.exec(body); token !== null; token = tokens.exec(body)) {
    const [, end, slash, quoted, raw, plain, equals] = token;
    if (end !== undefined) {
      const [name, ...rest] = words;
      if (!end.endsWith(mark) || name === undefined || name.name) return undefined;
      return { name: name.text, parameters: parametersOf(rest), closing, end: tokens.lastIndex };
    }
    if (slash !== undefined) {
      if (words.length > 0) return undefined;
      closing = true;
    } else if (plain !== undefined) words.push({ text: plain, name: equals !== undefined });
    else if (quoted !== undefined) words.push({ text: quoted.replace(/\\(["\\])/g, "$1"), name: false });
    else if (raw !== undefined) words.push({ text: raw, name: false });
    else return undefined;
  }
  return undefined;
}

function parametersOf(
  words: readonly { readonly text: string; readonly name: boolean }[],
): Map<string, string> {
  const parameters = new Map<string, string>();
  let name: string | undefined;
  let position = 0;
  for (const word of words) {
    if (word.name) name = word.text;
    else {
      parameters.set(name ?? String(position++), word.text);
      name = undefined;
    }
  }
  return parameters;
}

/** Spaces in the place of everything but line ends. */
function blank(text: string): string {
  return text.replace(/[^\r\n]/g, " ");
}
