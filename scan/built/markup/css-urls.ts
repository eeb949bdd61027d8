/** An image in CSS. */
export interface CssUrl {
  /** The URL with escapes resolved. */
  readonly url: string;
  /** Range of the URL as written, without its quotes. */
  readonly start: number;
  readonly end: number;
}

/**
 * The images of a style sheet or a `style` attribute: `url()` and the strings of `image-set()`, without those in comments. Not
 * fonts, of which a browser loads the first that it supports, and not other style sheets.
 * @see https://www.w3.org/TR/css-syntax-3/#consume-url-token
 */
export function cssUrls(css: string): CssUrl[] {
  const urls: CssUrl[] = [];
  let depth = 0;
  /** The depth of the parentheses of an `image-set()`; 0 outside of one. */
  let imageSet = 0;
  let skipped: "" | "block" | "statement" = "";
  for (const { 0: token, index, groups = {} } of css.matchAll(TOKENS)) {
    const url = groups.quoted ?? groups.bare ?? (imageSet > 0 ? groups.text : undefined);
    if (url !== undefined) {
      const start = index + token.indexOf(url, groups.bare === undefined ? token.search(/["']/) + 1 : 4);
      if (skipped === "" && url !== "") urls.push({ url: unescapeCss(url), start, end: start + url.length });
    } else if (groups.font !== undefined) skipped = "block";
    else if (groups.other !== undefined) skipped = "statement";
    else if (token === "}" || (token === ";" && skipped === "statement")) skipped = "";
    else if (token.endsWith("(")) {
      depth++;
      if (imageSet === 0 && groups.set !== undefined) imageSet = depth;
    } else if (token === ")") {
      if (depth <= imageSet) imageSet = 0;
      depth = Math.max(0, depth - 1);
    }
  }
  return urls;
}

/** Up to the closing quote; a line end does not end it. */
function stringOf(mark: string, text: string): string {
  return String.raw`(?<${mark}>["'])(?<${text}>(?:(?!\k<${mark}>)[^\\\n]|\\[\s\S])*)\k<${mark}>`;
}

const TOKENS = new RegExp(
  [
    String.raw`\/\*[\s\S]*?(?:\*\/|$)`,
    "(?<font>@font-face)",
    String.raw`(?<other>@(?:import|namespace)|(?<![\w-])behavior\s*:)`,
    String.raw`(?<![\w-])url\(\s*${stringOf("quote", "quoted")}\s*\)?`,
    String.raw`(?<![\w-])url\(\s*(?<bare>(?:[^\s"'()\\]|\\[\s\S])+)\s*\)`,
    stringOf("mark", "text"),
    String.raw`(?<set>(?:-webkit-)?image-set\()`,
    String.raw`(?<type>(?<![\w-])type\(\s*["'][^"'\n]*["']\s*\))`,
    "[(){};]",
  ].join("|"),
  "gi",
);

function unescapeCss(text: string): string {
  return text.replace(/\\(?:([0-9a-f]{1,6})\s?|\r\n|([\s\S]))/gi, (_, hex?: string, literal?: string) => {
    if (hex === undefined) return literal === undefined || /[\n\r\f]/.test(literal) ? "" : literal;
    const code = Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}
