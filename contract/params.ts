import type { Format } from "./formats.ts";
import defaults from "./params.json" with { type: "json" };
import type { Tier } from "./tiers.ts";

/** A place where a post's absolute URLs point to photographs that the proxy has under `key`. */
export interface SourcePrefix {
  readonly prefix: string;
  readonly key: string;
}

/**
 * `[params.imgproxy]` of a Hugo site with the defaults filled in. Hugo lower-cases names, so they have no capitals;
 * the environment (`HUGO_PARAMS_IMGPROXY_…`) splits at underscores, so they have none either.
 *
 * A page may set any of them again for its own images, under `imgproxy` in its front matter or in a cascade that reaches it:
 * maps merge, lists and values replace. `imgproxy: false` leaves its images plain. The shortcode `img` sets some for one image:
 * `sizes`, `tiers` (a name), `formats` (`avif,webp,jpg`), `fixed`, `link`, `lightbox`.
 */
export interface SiteParams {
  /** Where readers reach the proxy, such as `https://images.example/`; empty: images stay plain. */
  readonly endpoint: string;
  /** The name of a ladder (`eco`, `balanced`, `best`) or the site's own. */
  readonly tiers: string | readonly Tier[];
  /** The `sizes` attribute: how wide images are shown. */
  readonly sizes: string;
  /** Pixels that an image is always shown wide: candidates by density (1x, 2x) instead of the ladder; 0: as wide as fits. */
  readonly fixed: number;
  /** `auto`: one URL a tier, `Accept` decides. A list: a `<picture>` with explicit formats, the last one for `<img>`. */
  readonly formats: "auto" | readonly Format[];
  /** Whether a relative destination is a key as it stands, or relative to its page's folder. */
  readonly resolve: "flat" | "page";
  readonly sources: readonly SourcePrefix[];
  /** Whether an image that Hugo has itself (page or global resource, `static/`) stays Hugo's. */
  readonly local: "hugo" | "proxy";
  /** The manifest's name below `assets/`. */
  readonly manifest: string;
  /** Whether URLs carry the source's version; off under `hugo server`, so that a replaced photo shows. */
  readonly versioned: boolean;
  /** Whether a page's first image is loaded at once: in its text, never, or (`auto`) where no list shows the same text. */
  readonly eagerfirst: "auto" | boolean;
  readonly placeholder: "none" | "color" | "image";
  /** Whether an image that stands alone becomes a `<figure>`, its title the caption. */
  readonly figure: boolean;
  /** What an image that stands alone links to; `original` adds one URL without parameters, which is never a variant. */
  readonly link: "none" | "original" | "widest";
  /** Whether an image that stands alone opens over the page; no URL of its own. */
  readonly lightbox: boolean;
  readonly sign: boolean;
  readonly strict: boolean;
  /** Front matter that names images, dots for nesting. */
  readonly frontmatter: readonly string[];
  /** What link previews (OpenGraph, Twitter, schema.org) get: `fm=jpg` at this width. */
  readonly social: { readonly width: number };
}

/** What a site gets that sets nothing. The templates read the same file. */
export const defaultParams = defaults as SiteParams;
