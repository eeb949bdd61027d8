/** Position of the front matter in a content file. */
export interface FoundFrontMatter {
  readonly format: "yaml" | "toml" | "json" | "org";
  /** Offsets of the data, and of the text after the closing fence. */
  readonly start: number;
  readonly end: number;
  readonly bodyStart: number;
}

/**
 * Follows Hugo's lexer (parser/pageparser/pagelexer_intro.go): data can begin on the line of the opening fence, and the
 * first line that begins with a fence ends it, whatever follows on that line. Undefined if Hugo finds no front matter or no end.
 */
export function findFrontMatter(file: string): FoundFrontMatter | undefined {
  let start = 0;
  while (start < file.length && "\ufeff\t\n\v\f\r ".includes(file.charAt(start))) start++;
  if (file.startsWith("---", start)) return fenced(file, start, "---", "yaml");
  if (file.startsWith("+++", start)) return fenced(file, start, "+++", "toml");
  if (file.startsWith("#+", start)) return org(file, start);
  return file.startsWith("{", start) && !file.startsWith("{{", start) ? json(file, start) : undefined;
}

/**
 * Why Hugo's build fails on a file without front matter that can be read: its first characters begin some.
 * @returns undefined if it has none, or if {@link findFrontMatter} finds it.
 */
export function frontMatterFault(file: string): string | undefined {
  const text = file.replace(/^[\ufeff\t\n\v\f\r ]+/, "");
  if (/^\{\{[<%]/.test(text))
    return "Hugo takes a page that begins with { for JSON front matter, so its build fails on the shortcode: begin with front matter, such as two lines of ---";
  if (findFrontMatter(file) !== undefined) return undefined;
  if (text.startsWith("{"))
    return "Hugo takes a page that begins with { for JSON front matter, and finds no end: begin with other front matter, such as two lines of ---";
  const [fence] = /^(?:---|\+\+\+)/.exec(text) ?? [];
  if (fence === undefined) return undefined;
  return `the front matter has no end, so Hugo's build fails: add a line ${fence} after it`;
}

// --- parts ---

function fenced(
  file: string,
  fenceStart: number,
  fence: string,
  format: "yaml" | "toml",
): FoundFrontMatter | undefined {
  const start = afterLineEnd(file, fenceStart + fence.length);
  const atOnce = start > fenceStart + fence.length && file.startsWith(fence, start);
  const ends = [file.indexOf(`\n${fence}`, start), file.indexOf(`\r${fence}`, start)].filter(
    (at) => at !== -1,
  );
  if (!atOnce && ends.length === 0) return undefined;
  const end = atOnce ? start : Math.min(...ends) + 1;
  return { format, start, end, bodyStart: afterLineEnd(file, end + fence.length) };
}

/** The JSON object at the start of the file, found by counting braces. */
function json(file: string, start: number): FoundFrontMatter | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < file.length; at++) {
    const char = file.charAt(at);
    if (char === "\\") at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === "{") depth++;
    else if (!quoted && char === "}" && --depth === 0)
      return { format: "json", start, end: at + 1, bodyStart: afterLineEnd(file, at + 1) };
  }
  return undefined;
}

function org(file: string, start: number): FoundFrontMatter {
  let end = start;
  while (file.startsWith("#+", end)) end = file.indexOf("\n", end) + 1 || file.length;
  return { format: "org", start, end, bodyStart: end };
}

function afterLineEnd(file: string, at: number): number {
  const carriage = file.charAt(at) === "\r" ? at + 1 : at;
  return file.charAt(carriage) === "\n" ? carriage + 1 : carriage;
}
