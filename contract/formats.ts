/** The facts about one image format. */
export interface FormatRow {
  /** Media type (IANA). */
  readonly type: string;
  /** Without the dot; a saved file gets the first one. */
  readonly extensions: readonly [string, ...string[]];
  /** `asked`: written if `fm` or `Accept` names it. `fallback`: written only if no requested format is possible. */
  readonly written: "asked" | "fallback" | "never";
  /** Its letter in a {@link ReaderClass}; undefined: every reader can show the format, or it is never negotiated. */
  readonly letter?: string;
  readonly alpha: boolean;
  /** Whether an animation is written as an animation. */
  readonly animation: boolean;
  /** Maximum pixels of a file's longest side. */
  readonly maxSide: number;
}

/**
 * All formats, the best first: a reader gets the first one that it can show. Every other list of formats is derived from this one;
 * after a new row, `tsc` names the places that must decide about it.
 */
export const formats = {
  // libheif refuses longer sides; it writes no AVIF animation.
  avif: row({
    type: "image/avif",
    extensions: ["avif"],
    written: "asked",
    letter: "a",
    alpha: true,
    animation: false,
    maxSide: 16_384,
  }),
  // 14 bits for a side (RFC 9649 §2.6).
  webp: row({
    type: "image/webp",
    extensions: ["webp"],
    written: "asked",
    letter: "w",
    alpha: true,
    animation: true,
    maxSide: 16_383,
  }),
  // libjpeg's own limit, below the format's 65,535.
  jpg: row({
    type: "image/jpeg",
    extensions: ["jpg", "jpeg", "jpe", "jfif"],
    written: "asked",
    alpha: false,
    animation: false,
    maxSide: 65_500,
  }),
  png: row({
    type: "image/png",
    extensions: ["png"],
    written: "asked",
    alpha: true,
    animation: false,
    maxSide: Number.POSITIVE_INFINITY,
  }),
  gif: row({
    type: "image/gif",
    extensions: ["gif"],
    written: "fallback",
    alpha: true,
    animation: true,
    maxSide: 65_535,
  }),
  svg: row({
    type: "image/svg+xml",
    extensions: ["svg"],
    written: "never",
    alpha: true,
    animation: false,
    maxSide: Number.POSITIVE_INFINITY,
  }),
} as const;

type Rows = typeof formats;
type Written<How extends FormatRow["written"]> = {
  [Name in keyof Rows]: Rows[Name]["written"] extends How ? Name : never;
}[keyof Rows];

export type FormatName = keyof Rows;

/** Formats that `fm` can name. */
export type Format = Written<"asked">;

/** Formats that an encoder writes. */
export type EncodedFormat = Written<"asked" | "fallback">;

/** The best first. */
export const askedFormats: readonly Format[] = names().filter((name) => isAsked(name));

/** Every format by its media type. */
export const formatByType: ReadonlyMap<string, FormatName> = new Map(
  names().map((name) => [formats[name].type, name]),
);

// --- classes of readers ---

/**
 * The formats that a reader's `Accept` names in addition to those that every reader shows, by their letters: `auto` (none) or
 * `auto-aw` (AVIF and WebP).
 */
export type ReaderClass = "auto" | `auto-${string}`;

/** The format or class of readers of a variant: an explicit `fm`, or by `Accept`. */
export type VariantClass = Format | ReaderClass;

/** The formats that have a letter, the best first. */
export const namedInAccept: readonly Format[] = askedFormats.filter((name) => letterOf(name) !== undefined);

/** @param accepted in any order. */
export function readerClass(accepted: readonly Format[]): ReaderClass {
  const letters = namedInAccept.filter((name) => accepted.includes(name)).map(letterOf);
  return letters.length === 0 ? "auto" : `auto-${letters.join("")}`;
}

/** The formats of a class, the best first; empty for an explicit format. */
export function acceptedBy(of: VariantClass): readonly Format[] {
  return isReaderClass(of) ? namedInAccept.filter((name) => of.slice(5).includes(letterOf(name) ?? " ")) : [];
}

export function isReaderClass(of: VariantClass): of is ReaderClass {
  return of.startsWith("auto");
}

/** One class for each set of formats: a published URL without `fm` has an entry for each of them. */
export const readerClasses: readonly ReaderClass[] = Array.from(
  { length: 2 ** namedInAccept.length },
  (_, set) => readerClass(namedInAccept.filter((_, at) => (set & (2 ** at)) !== 0)),
);

// --- rows ---

/** Keeps `written` as a literal, so that the names of encoded formats are a type. */
function row<const Row extends FormatRow>(of: Row): Omit<FormatRow, "written"> & Pick<Row, "written"> {
  return of;
}

function names(): FormatName[] {
  return Object.keys(formats).filter((name): name is FormatName => name in formats);
}

function isAsked(name: FormatName): name is Format {
  return formats[name].written === "asked";
}

function letterOf(name: Format): string | undefined {
  return formats[name].letter;
}
