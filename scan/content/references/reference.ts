import type { AskedGallery } from "../../gallery/source.ts";
import type { LineAndColumn } from "../../lines.ts";

/** A place in a content file that names an image. */
export interface Reference {
  /** As a Markdown parser returns it: backslash escapes and entities decoded, percent-escapes not. */
  readonly destination: string;
  /** Both from 1; a column counts UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  /**
   * `image`: becomes a `srcset`. `cover`: from front matter, for cards and link previews. `preview`: only for link previews.
   * `url`: a URL of the endpoint that is printed as written. `raw`: an `<img>` in raw HTML, for which Hugo has no hook.
   * `removed`: a shortcode whose output Hugo removes. `unknown`: an image with a shortcode in its destination. `gallery`: several images, by their names or a folder.
   */
  readonly as: "image" | "cover" | "preview" | "url" | "raw" | "spaced" | "removed" | "unknown" | "gallery";
  /** Of a `gallery`. */
  readonly gallery?: AskedGallery;
  /** What an `image` says to those who cannot see it; undefined if its author decided that it is decorative. */
  readonly alt?: string;
  /** Whether it is made of another destination of its tag, and is not in the text. */
  readonly isDerived?: boolean;
  /** Of a `cover`: its name in front matter, dots for nesting. */
  readonly name?: string;
  /** Parameters of `[params.imgproxy]` that a shortcode sets for its image. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** The parts of a content file that are read. */
export interface Readable {
  /** The file without its front matter, and the position where it begins. */
  readonly body: string;
  readonly bodyStart: LineAndColumn;
  readonly values: Readonly<Record<string, unknown>>;
  /** The front matter as written, and the line on which it begins. */
  readonly text: string;
  readonly line: number;
  readonly markup: "markdown" | "html" | "other";
}

export interface ReferenceRules {
  /** Names of front matter with images; dots for nesting. */
  readonly frontmatter: readonly string[];
  /** Names of front matter with galleries. */
  readonly gallery: readonly string[];
  /** The image in link previews if the front matter names none. */
  readonly preview: string | undefined;
  /** URLs that begin with one of these are the proxy's; raw HTML is searched for them. */
  readonly endpoints: readonly string[];
  /** Whether Hugo prints raw HTML in Markdown. */
  readonly unsafeHtml: boolean;
  /** Whether Hugo runs the module's shortcode of that name on this page, and not a theme's. */
  runsShortcode(name: string): boolean;
}

/** An image in the text of a content file. */
export interface Found
  extends Pick<Reference, "destination" | "isDerived" | "overrides" | "alt" | "gallery"> {
  readonly offset: number;
  readonly as: "image" | "url" | "raw" | "spaced" | "removed" | "unknown" | "gallery";
}
