import type { Tier } from "../../../../contract/page/tiers.ts";

/**
 * A source key as a path in Markdown, in a shortcode or in front matter: spaces, and characters that Markdown, a URL or a shortcode
 * reads as its own, are escaped. Letters of every script stay readable.
 */
export function pathOf(key: string): string {
  return key.replace(/[^\p{L}\p{M}\p{N}\-._~/]/gu, escaped);
}

/** encodeURIComponent leaves some characters that end a destination, such as a closing parenthesis. */
function escaped(character: string): string {
  const encoded = encodeURIComponent(character);
  return encoded === character ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : encoded;
}

/** What the author has chosen. */
export interface Choice {
  readonly key: string;
  /** Undefined: the quality of the site's tiers. */
  readonly q?: number | undefined;
  /** What a reader who cannot see the picture gets; undefined: nothing, because it is only decoration. */
  readonly alt: string | undefined;
}

export function markdownOf({ key, q, alt }: Choice): string {
  const destination = `${pathOf(key)}${q === undefined ? "" : `?q=${q}`}`;
  if (alt === undefined) return `![](${destination}#decorative)`;
  return `![${markdownText(alt)}](${destination})`;
}

/**
 * Text that Markdown shows as it is. A brace can begin a shortcode. With `enableEmoji`, `:tada:` is an emoji; old Hugos look for it
 * before they read backslashes.
 */
function markdownText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]<>&!|~$]/g, "\\$&")
    .replace(/:(?=[\w+-]+:)/g, "&#58;");
}

export function shortcodeOf({ key, q, alt }: Choice): string {
  const src = quoted(`${pathOf(key)}${q === undefined ? "" : `?q=${q}`}`);
  return `{{< img src=${src} alt=${quoted(alt ?? "")} >}}`;
}

/** A gallery of photographs, in this order. A single argument without a name would be a folder. */
export function galleryOf(keys: readonly string[]): string {
  const paths = keys.map((key) => quoted(pathOf(key)));
  return `{{< imgproxy/gallery ${keys.length === 1 ? "keys=" : ""}${paths.join(" ")} >}}`;
}

/**
 * An argument of a shortcode. Hugo has two kinds of quotes. In "…" a backslash before a quote escapes it, and nothing escapes the
 * backslash; in `…` nothing is escaped.
 */
function quoted(text: string): string {
  const line = oneLine(text);
  const endsInBackslash = /\\(?:"|$)/.test(line);
  if (!line.includes('"') && !endsInBackslash) return `"${line}"`;
  // What neither of them can have gets another kind of apostrophe.
  if (!line.includes("`") || endsInBackslash) return `\`${line.replaceAll("`", "'")}\``;
  return `"${line.replaceAll('"', '\\"')}"`;
}

/** Front matter in YAML. @param parameter such as `image` or `cover.image`. */
export function coverOf(key: string, parameter: string): string {
  const [name = "", ...below] = parameter.split(".");
  const value = JSON.stringify(pathOf(key));
  if (below.length === 0) return `${name}: ${/s$/.test(name) ? `[${value}]` : value}`;
  return `${name}:\n  ${below.join(".")}: ${value}`;
}

/** The site's configuration, in TOML. */
export function tiersOf(tiers: readonly Tier[]): string {
  const rows = tiers.map(({ width, quality }) => `  { width = ${width}, quality = ${quality} },`);
  return ["[params.imgproxy]", "tiers = [", ...rows, "]"].join("\n");
}

/**
 * A ladder with the chosen quality at the chosen width: the whole ladder moves, because the eye compares tiers at one density.
 * @param ladder narrowest first.
 */
export function ladderThrough(ladder: readonly Tier[], chosen: Tier): Tier[] {
  const usual = qualityAt(ladder, chosen.width);
  return ladder.map(({ width, quality }) => ({
    width,
    quality: Math.min(95, Math.max(5, quality + chosen.quality - usual)),
  }));
}

/** Interpolated between two tiers; that of the nearest one outside of the ladder. */
export function qualityAt(ladder: readonly Tier[], width: number): number {
  const above = ladder.find((tier) => tier.width >= width) ?? ladder.at(-1);
  const below = ladder.findLast((tier) => tier.width <= width) ?? ladder[0];
  if (above === undefined || below === undefined) return 0;
  if (above.width === below.width || above.width < below.width) return above.quality;
  const share = (width - below.width) / (above.width - below.width);
  return Math.round(below.quality + share * (above.quality - below.quality));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Share of a narrow window that a theme's column has: the rest is its margins. */
const NARROW = 0.92;

/** The `sizes` of a column that is as wide as this, and narrower in narrow windows. */
function sizesFor(column: number): string {
  return `(min-width: ${Math.ceil(column / NARROW)}px) ${column}px, ${100 * NARROW}vw`;
}

/** The site's configuration, in TOML. */
export function sizesLineOf(sizes: string): string {
  return `[params.imgproxy]\nsizes = ${JSON.stringify(sizes)}`;
}

/**
 * The `sizes` that a person means: of a column's width in pixels, of the HTML of a picture, of a line of the site's configuration,
 * or as it is.
 */
export function sizesIn(text: string): string {
  const column = /^\s*(\d{2,4})\s*(?:px)?\s*$/i.exec(text)?.[1];
  if (column !== undefined) return sizesFor(Number(column));
  const [, , value, bare] = /(?<![\w-])sizes\s*[=:]\s*(?:(["'])(.*?)\1|([^\n>]+))/is.exec(text) ?? [];
  return oneLine(value ?? bare ?? text);
}
