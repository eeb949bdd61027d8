import type { ManifestImage } from "../../contract/manifest.ts";
import type { Post } from "../content/found.ts";
import type { Use } from "../content/resolve.ts";
import { counted } from "../counted.ts";
import type { Finding } from "../findings.ts";
import { type Answers, isThere } from "../proxy/answers.ts";
import { isFileName, saysNothing } from "./empty-words.ts";

/** An image, or photographs of one gallery, whose alternative text says nothing to those who cannot see them. */
export interface AltProblem extends Pick<Finding, "file" | "line" | "column"> {
  /** Of a gallery several, in its order. */
  readonly keys: readonly [string, ...string[]];
  readonly kind: "missing" | "name" | "nothing" | "repeated";
  /** What is wrong, and what the photographs themselves say. */
  readonly message: string;
}

/**
 * Images of the posts with no alternative text, with a file name or a word such as "image" instead, or with the text of another
 * photograph of that post. A file that is a page of several languages is read once.
 * @param images what the pages print of each photograph.
 */
export function altProblems(
  posts: readonly Post[],
  photos: Answers["photos"],
  images: ReadonlyMap<string, ManifestImage>,
): AltProblem[] {
  const found = new Map<string, AltProblem>();
  for (const { file, uses } of posts) {
    const keysOf = new Map<string, string>();
    const galleries = new Map<string, GalleryProblem>();
    for (const use of uses) {
      const { key, line, column, gallery } = use;
      const alt = printedAlt(use, images);
      if (alt === undefined) continue;
      const words = normal(alt);
      const other = keysOf.get(words) ?? key;
      keysOf.set(words, other);
      const problem = problemOf(key, alt, other);
      if (problem === undefined) continue;
      if (gallery === undefined) {
        const own = ownWords(key, photos);
        const says = own === undefined ? "" : `; the photograph itself says "${own}"`;
        const message = `${problem.message}${says}`;
        const { kind } = problem;
        found.set(`${file} ${line} ${column} ${key}`, { file, line, column, keys: [key], kind, message });
      } else addTo(galleries, gallery, problem.kind, use);
    }
    for (const { kind, gallery, place, keys } of galleries.values()) {
      const [first, ...others] = keys;
      if (first === undefined) continue;
      const { line, column } = place;
      const all = new Set(uses.flatMap((use) => (use.gallery === gallery ? [use.key] : []))).size;
      const message = galleryWords({ kind, gallery, keys: [first, ...others] }, all, photos);
      found.set(`${file} ${line} ${column} ${kind} ${gallery}`, {
        file,
        line,
        column,
        kind,
        message,
        keys: [first, ...others],
      });
    }
  }
  return [...found.values()];
}

export function altFindings(problems: readonly AltProblem[]): Finding[] {
  return problems.map(({ file, line, column, message }) => ({
    severity: "error",
    file,
    line,
    column,
    message,
  }));
}

/** `2 images have no alt text, 1 has a file name as its alt text: --require-alt names them`; empty if all is well. */
export function altWords(problems: readonly AltProblem[]): string[] {
  const count = (kind: AltProblem["kind"]): string[] => {
    const number = problems.flatMap((problem) => (problem.kind === kind ? problem.keys : [])).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? "has" : "have"} ${problemWords[kind]}`];
  };
  const parts = (["missing", "name", "nothing", "repeated"] as const).flatMap(count);
  if (parts.length === 0) return [];
  return [`of the images, ${parts.join(", ")}: --require-alt names each`];
}

const problemWords = {
  missing: "no alt text",
  name: "a file name as alt text",
  nothing: "an alt text that says nothing",
  repeated: "the alt text of another photograph",
} as const;

// --- parts ---

/** The same as layouts/partials/imgproxy/_/tag/words.html. */
function printedAlt(
  { key, alt, fromPhoto = false }: Pick<Use, "key" | "alt" | "fromPhoto">,
  images: ReadonlyMap<string, ManifestImage>,
): string | undefined {
  return alt !== undefined && fromPhoto && normal(alt) === "" ? (ownTexts(images.get(key))[0] ?? alt) : alt;
}

function problemOf(
  key: string,
  alt: string,
  other: string,
): Pick<AltProblem, "kind" | "message"> | undefined {
  if (normal(alt) === "") return { kind: "missing", message: `${key} has no alt text` };
  if (isFileName(alt, key))
    return { kind: "name", message: `${key} has a file name as its alt text, "${alt}"` };
  if (saysNothing(alt))
    return { kind: "nothing", message: `${key} has an alt text that says nothing, "${alt}"` };
  if (other !== key) return { kind: "repeated", message: `${key} has the alt text of ${other}, "${alt}"` };
  return undefined;
}

function normal(alt: string): string {
  return alt.normalize().trim().toLowerCase().replace(/\s+/g, " ");
}

/** What a photograph says of itself that would be an alternative text. */
function ownWords(key: string, photos: Answers["photos"]): string | undefined {
  const info = photos.get(key);
  if (!isThere(info)) return undefined;
  return ownTexts(info).find((text) => !isFileName(text, key) && !saysNothing(text));
}

/** The first one is printed where the author wrote none. */
function ownTexts(image: Pick<ManifestImage, "meta"> | undefined): string[] {
  const { alt, description, title } = image?.meta ?? {};
  return [alt, description, title].filter((text) => text !== undefined);
}

// --- galleries ---

/** Photographs of one gallery: a finding for each of 2,000 would hide all others. */
interface GalleryProblem extends Pick<AltProblem, "kind"> {
  readonly gallery: string;
  readonly place: Use;
  readonly keys: Set<string>;
}

/** A gallery that front matter names is reported where the text shows it. */
function addTo(
  galleries: Map<string, GalleryProblem>,
  gallery: string,
  kind: AltProblem["kind"],
  use: Use,
): void {
  const known = galleries.get(`${kind} ${gallery}`);
  const place = known === undefined || known.place.isCover ? use : known.place;
  const keys = (known?.keys ?? new Set()).add(use.key);
  galleries.set(`${kind} ${gallery}`, { kind, gallery, place, keys });
}

/** `the gallery trips/alps: 5 of 24 photographs have no alt text: a.jpg, b.jpg, c.jpg and 2 more; …` */
function galleryWords(
  { kind, gallery, keys }: Pick<AltProblem, "kind" | "keys"> & Pick<GalleryProblem, "gallery">,
  all: number,
  photos: Answers["photos"],
): string {
  const name = gallery.length > 60 ? `${gallery.slice(0, 59)}…` : gallery;
  const named = keys.slice(0, 3).join(", ");
  const more = keys.length > 3 ? ` and ${keys.length - 3} more` : "";
  // A repeated text is the photographs' own.
  const own = (kind === "repeated" ? [] : keys)
    .map((key) => ownWords(key, photos))
    .filter((text) => text !== undefined);
  const says =
    own.length === 0
      ? ""
      : `; the photographs themselves have ${counted(own.length, "text")}, such as "${own[0]}"`;
  const have = all === 1 ? "has" : "have";
  return `the gallery ${name}: ${keys.length} of ${counted(all, "photograph")} ${have} ${problemWords[kind]}: ${named}${more}${says}`;
}
