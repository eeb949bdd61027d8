import rules from "../param-rules.json" with { type: "json" };

/** Arguments of a gallery that say how it is shown, as a page has them, without the empty ones. */
export interface GalleryArguments {
  readonly order?: string;
  readonly limit?: string;
  readonly columns?: string;
  /** A file's name, or whether there is one. */
  readonly cover?: string;
  /** Names of others, which a gallery does not have. */
  readonly others?: readonly string[];
}

export const galleryArguments: readonly string[] = [
  ...["src", "keys", "order", "limit", "columns", "cover", "sizes", "tiers", "formats"],
];

/**
 * Those that a gallery takes, in one form: numbers without leading zeros, words in lower case.
 * @param hasOwnOrder whether its photographs are listed one by one: then they have no other order.
 * @returns besides them, a message for each that is ignored. The same as layouts/partials/imgproxy/_/gallery/asked.html.
 */
export function checkGalleryArguments(
  { cover, others = [], ...given }: GalleryArguments,
  hasOwnOrder: boolean,
): { readonly taken: GalleryArguments; readonly problems: readonly string[] } {
  const taken: Record<string, string> = {};
  const problems = others.map((name) => `${name}= is ignored: ${rules.gallery.others.words}`);
  for (const name of ["order", "limit", "columns"] as const) {
    const value = plain(given[name] ?? "");
    const { pattern, words } = rules.gallery[name === "order" && hasOwnOrder ? "listed" : name];
    if (value === "") continue;
    if (new RegExp(pattern).test(value)) taken[name] = value;
    else problems.push(`${name}=${value} is ignored: ${words}`);
  }
  if (cover !== undefined) taken.cover = cover;
  return { taken, problems };
}

/** What Hugo makes of a shortcode's number without quotes. */
function plain(text: string): string {
  return text.toLowerCase().replace(/^\+?(-?)0*([0-9]+(?:\.[0-9]*[1-9])?)\.?0*$/, "$1$2");
}

/**
 * The photograph that stands for all of a gallery.
 * @param cover `true`, or a file's name with as many of its folders as it takes.
 * @param photographs the possible keys of each.
 * @returns its index; undefined if all are shown. If `cover` names none of them, the one that `true` chooses, and a message.
 */
export function galleryCover(
  cover: string | undefined,
  photographs: readonly (readonly string[])[],
): { readonly shown?: number; readonly problem?: string } {
  if (cover === undefined || cover === "" || new RegExp(rules.gallery.cover.none, "i").test(cover)) return {};
  const own = Math.max(
    0,
    photographs.findIndex(([key = ""]) => new RegExp(rules.gallery.cover.file).test(key)),
  );
  if (new RegExp(rules.gallery.cover.own, "i").test(cover)) return { shown: own };
  const named = cover.replace(/^\/+/, "");
  const shown = photographs.findIndex((keys) => keys.some((key) => `/${key}`.endsWith(`/${named}`)));
  if (shown !== -1) return { shown };
  return { shown: own, problem: `cover=${named} is ignored: ${rules.gallery.cover.words}` };
}
