import * as v from "valibot";
import { askedFormats } from "../formats.ts";
import { publishedFields, publishedWords } from "../meta.ts";
import defaults from "../params.json" with { type: "json" };
import { anObject, object, whole } from "../schema.ts";
import { isRatio, type Ratio, ratioProblem } from "../url/crop.ts";
import { MAX_QUALITY, MAX_WIDTH } from "../url/request.ts";
import { namedLadders } from "./tiers.ts";

// Values from the environment are text, so numbers and flags can be text. Messages say what a key takes.

const text = v.pipe(v.union([v.string(), v.number()], "text"), v.transform(String));

const flag = v.pipe(
  v.unknown(),
  v.transform((value) => String(value).toLowerCase()),
  v.picklist(["true", "1", "yes", "false", "0", "no", ""], "true or false"),
  v.transform((word) => ["true", "1", "yes"].includes(word)),
);

const formatList = `auto or a list of ${askedFormats.join(", ")}`;
const metaList = `a list of ${publishedFields.join(", ")}`;
const ladderList = `${Object.keys(namedLadders).join(", ")} or a list of {width, quality}`;
const sourceList = 'a list of {prefix = "https://…/", key = "…"}';

const tier = object({ width: wholeText(1, MAX_WIDTH), quality: wholeText(1, MAX_QUALITY) }, ladderList);

/** A prefix of absolute URLs in posts whose photographs the proxy has under `key`. */
const sourcePrefix = object(
  { prefix: v.pipe(v.string(sourceList), v.nonEmpty(sourceList)), key: v.optional(text, "") },
  sourceList,
);
export type SourcePrefix = v.InferOutput<typeof sourcePrefix>;

/**
 * `[params.imgproxy]` of a Hugo site with the defaults filled in. Hugo converts names to lower case, so they have no capitals;
 * the environment (`HUGO_PARAMS_IMGPROXY_…`) splits at underscores, so they have none either.
 *
 * A page can set any of them for its own images, under `imgproxy` in its front matter or in a cascade: maps merge, lists and values
 * replace. `imgproxy: false` leaves its images plain. The shortcode `img` sets some for one image:
 * `sizes`, `tiers` (a name), `formats` (`avif,webp,jpg`), `fixed`, `link`, `lightbox`, `captions`, `exif`.
 */
export const siteParams = object({
  /** Address of the proxy for readers, such as `https://images.example/`; empty: images stay plain. */
  endpoint: v.pipe(
    v.string('a URL such as "https://images.example/"'),
    v.regex(/^(?:$|https?:\/\/[^/])/i, 'a URL such as "https://images.example/"'),
  ),
  /** The name of a ladder (`eco`, `balanced`, `best`), or the site's own ladder. */
  tiers: v.lazy((value): v.GenericSchema<unknown, string | readonly v.InferOutput<typeof tier>[]> => {
    const isNamed = typeof value === "string" && Object.hasOwn(namedLadders, value);
    return isNamed ? v.string() : v.pipe(v.array(tier, ladderList), v.nonEmpty(ladderList));
  }),
  /** The `sizes` attribute: how wide the page shows images. */
  sizes: text,
  /** Fixed width in pixels: candidates by density (1x, 2x) instead of the ladder; 0: variable. */
  fixed: wholeText(0, MAX_WIDTH),
  /** `auto`: one URL for each tier, `Accept` decides. A list: a `<picture>` with explicit formats, the last one for `<img>`. */
  formats: v.union(
    [v.literal("auto"), v.pipe(v.array(v.picklist(askedFormats)), v.nonEmpty(formatList), v.readonly())],
    formatList,
  ),
  /** Whether a relative destination is a key as written, or relative to its page's folder. */
  resolve: v.picklist(["flat", "page"], "flat or page"),
  sources: v.pipe(v.array(sourcePrefix, sourceList), v.readonly()),
  /**
   * How an image that Hugo has itself (page or global resource, `static/`) is shown: unchanged, scaled by Hugo to the widths of the
   * tiers (resources only), or through the proxy.
   */
  local: v.picklist(["hugo", "tiers", "proxy"], "hugo, tiers or proxy"),
  /** The manifest's name below `assets/`. */
  manifest: text,
  /** Whether URLs contain the source's version; off under `hugo server`, so that a replaced photo appears. */
  versioned: flag,
  /** Whether a page's first image is loaded at once: in its text, never, or (`auto`) if no list shows the same text. */
  eagerfirst: v.union([v.literal("auto"), flag], "auto, true or false"),
  /** Whether a page's first image links our stylesheet; false if the theme's head links it. */
  stylesheet: flag,
  placeholder: v.picklist(["none", "color", "image"], "none, color or image"),
  /** Whether an image that stands alone becomes a `<figure>`, with its title as the caption. */
  figure: flag,
  /** The target of the link around an image that stands alone; `original` adds one URL without parameters, which is not a variant. */
  link: v.picklist(["none", "original", "widest"], "none, original or widest"),
  /** Whether an image that stands alone opens over the page on a click; it needs no other URL. */
  lightbox: flag,
  sign: flag,
  strict: flag,
  /** Names of front matter with images; dots for nesting. */
  frontmatter: texts("a list of names"),
  /** Names of front matter with a gallery: a folder, a glob, or a list of keys; dots for nesting. */
  gallery: texts("a list of names"),
  /** Prefixes of source keys: every folder below one of them is an album. */
  albums: texts("a list of folders"),
  /** The fields of photographs' metadata that the manifest has and pages can show; location only if it is named, and rounded. */
  meta: v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "string" ? [value] : value)),
    v.array(
      v.picklist(publishedFields, ({ input }) => publishedWords(input, metaList)),
      metaList,
    ),
    v.readonly(),
  ),
  /** `photo`: an image without alternative text gets the photograph's own, and its description as the caption. */
  captions: v.picklist(["none", "photo"], "none or photo"),
  /** Whether the caption of an image that stands alone has what is known of camera and exposure. */
  exif: flag,
  /** The image for link previews (OpenGraph, Twitter, schema.org): `fm=jpg` at this width, cropped to `ar` unless that is empty. */
  social: v.pipe(
    anObject("a table with width and ar"),
    object({
      width: v.optional(wholeText(1, MAX_WIDTH), defaults.social.width),
      ar: v.optional(
        v.custom<Ratio | "">(
          (value) => value === "" || isRatio(value),
          ({ input }) => `a table whose ar ${ratioProblem(input) ?? ""}`,
        ),
        () => (isRatio(defaults.social.ar) ? defaults.social.ar : ""),
      ),
    }),
  ),
});
export type SiteParams = v.InferOutput<typeof siteParams>;

/** The defaults. The templates read the same file. */
export const defaultParams: SiteParams = v.parse(siteParams, defaults);

/** One text counts as a list of one. */
function texts(message: string) {
  return v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "string" ? [value] : value)),
    v.array(text, message),
    v.readonly(),
  );
}

function wholeText(least: number, most: number) {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(
    v.union([v.number(), v.string()], message),
    v.transform((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value)),
    whole(least, most, message),
  );
}
