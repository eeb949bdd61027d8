import * as v from "valibot";
import { askedFormats } from "./formats.ts";
import defaults from "./params.json" with { type: "json" };
import { MAX_QUALITY, MAX_WIDTH } from "./request.ts";
import { anObject, object, whole } from "./schema.ts";
import { namedLadders } from "./tiers.ts";

// What comes from the environment is text, so numbers and flags may be. Messages are what a key takes.

const text = v.pipe(v.union([v.string(), v.number()], "text"), v.transform(String));

const flag = v.pipe(
  v.unknown(),
  v.transform((value) => String(value).toLowerCase()),
  v.picklist(["true", "1", "yes", "false", "0", "no", ""], "true or false"),
  v.transform((word) => ["true", "1", "yes"].includes(word)),
);

const formatList = `auto or a list of ${askedFormats.join(", ")}`;
const ladderList = `${Object.keys(namedLadders).join(", ")} or a list of {width, quality}`;
const sourceList = 'a list of {prefix = "https://…/", key = "…"}';

const tier = object({ width: wholeText(1, MAX_WIDTH), quality: wholeText(1, MAX_QUALITY) }, ladderList);

/** A place where a post's absolute URLs point to photographs that the proxy has under `key`. */
const sourcePrefix = object(
  { prefix: v.pipe(v.string(sourceList), v.nonEmpty(sourceList)), key: v.optional(text, "") },
  sourceList,
);
export type SourcePrefix = v.InferOutput<typeof sourcePrefix>;

/**
 * `[params.imgproxy]` of a Hugo site with the defaults filled in. Hugo lower-cases names, so they have no capitals;
 * the environment (`HUGO_PARAMS_IMGPROXY_…`) splits at underscores, so they have none either.
 *
 * A page may set any of them again for its own images, under `imgproxy` in its front matter or in a cascade that reaches it:
 * maps merge, lists and values replace. `imgproxy: false` leaves its images plain. The shortcode `img` sets some for one image:
 * `sizes`, `tiers` (a name), `formats` (`avif,webp,jpg`), `fixed`, `link`, `lightbox`.
 */
export const siteParams = object({
  /** Where readers reach the proxy, such as `https://images.example/`; empty: images stay plain. */
  endpoint: v.pipe(
    v.string('a URL such as "https://images.example/"'),
    v.regex(/^(?:$|https?:\/\/[^/])/i, 'a URL such as "https://images.example/"'),
  ),
  /** The name of a ladder (`eco`, `balanced`, `best`) or the site's own. */
  tiers: v.lazy((value): v.GenericSchema<unknown, string | readonly v.InferOutput<typeof tier>[]> => {
    const isNamed = typeof value === "string" && Object.hasOwn(namedLadders, value);
    return isNamed ? v.string() : v.pipe(v.array(tier, ladderList), v.nonEmpty(ladderList));
  }),
  /** The `sizes` attribute: how wide images are shown. */
  sizes: text,
  /** Pixels that an image is always shown wide: candidates by density (1x, 2x) instead of the ladder; 0: as wide as fits. */
  fixed: wholeText(0, MAX_WIDTH),
  /** `auto`: one URL a tier, `Accept` decides. A list: a `<picture>` with explicit formats, the last one for `<img>`. */
  formats: v.union(
    [v.literal("auto"), v.pipe(v.array(v.picklist(askedFormats)), v.nonEmpty(formatList), v.readonly())],
    formatList,
  ),
  /** Whether a relative destination is a key as it stands, or relative to its page's folder. */
  resolve: v.picklist(["flat", "page"], "flat or page"),
  sources: v.pipe(v.array(sourcePrefix, sourceList), v.readonly()),
  /** Whether an image that Hugo has itself (page or global resource, `static/`) stays Hugo's. */
  local: v.picklist(["hugo", "proxy"], "hugo or proxy"),
  /** The manifest's name below `assets/`. */
  manifest: text,
  /** Whether URLs carry the source's version; off under `hugo server`, so that a replaced photo shows. */
  versioned: flag,
  /** Whether a page's first image is loaded at once: in its text, never, or (`auto`) where no list shows the same text. */
  eagerfirst: v.union([v.literal("auto"), flag], "auto, true or false"),
  placeholder: v.picklist(["none", "color", "image"], "none, color or image"),
  /** Whether an image that stands alone becomes a `<figure>`, its title the caption. */
  figure: flag,
  /** What an image that stands alone links to; `original` adds one URL without parameters, which is never a variant. */
  link: v.picklist(["none", "original", "widest"], "none, original or widest"),
  /** Whether an image that stands alone opens over the page; no URL of its own. */
  lightbox: flag,
  sign: flag,
  strict: flag,
  /** Front matter that names images, dots for nesting. */
  frontmatter: v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "string" ? [value] : value)),
    v.array(text, "a list of names"),
    v.readonly(),
  ),
  /** What link previews (OpenGraph, Twitter, schema.org) get: `fm=jpg` at this width. */
  social: v.pipe(
    anObject("a table with a width"),
    object({ width: v.optional(wholeText(1, MAX_WIDTH), defaults.social.width) }),
  ),
});
export type SiteParams = v.InferOutput<typeof siteParams>;

/** What a site gets that sets nothing. The templates read the same file. */
export const defaultParams: SiteParams = v.parse(siteParams, defaults);

function wholeText(least: number, most: number) {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(
    v.union([v.number(), v.string()], message),
    v.transform((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value)),
    whole(least, most, message),
  );
}
