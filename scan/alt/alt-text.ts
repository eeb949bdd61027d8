import type { ManifestImage } from "../../contract/manifest.ts";
import type { Post } from "../content/posts.ts";
import type { Use } from "../content/resolve.ts";
import type { Finding } from "../findings.ts";
import { type Answers, isThere } from "../proxy/answers.ts";
import { isFileName, saysNothing } from "./empty-words.ts";

/** An image whose alternative text says nothing to those who cannot see it. */
export interface AltProblem extends Pick<Finding, "file" | "line" | "column"> {
  readonly key: string;
  readonly kind: "missing" | "name" | "nothing" | "repeated";
  /** What is wrong, and what the photograph itself says. */
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
    for (const use of uses) {
      const { key, line, column } = use;
      const alt = printedAlt(use, images);
      if (alt === undefined) continue;
      const words = normal(alt);
      const other = keysOf.get(words) ?? key;
      keysOf.set(words, other);
      const problem = problemOf(key, alt, other);
      if (problem === undefined) continue;
      const message = `${problem.message}${suggestion(key, photos)}`;
      found.set(`${file} ${line} ${column} ${key}`, { ...problem, file, line, column, key, message });
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
  const count = (kind: AltProblem["kind"], words: string): string[] => {
    const number = problems.filter((problem) => problem.kind === kind).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? "has" : "have"} ${words}`];
  };
  const parts = [
    ...count("missing", "no alt text"),
    ...count("name", "a file name as alt text"),
    ...count("nothing", "an alt text that says nothing"),
    ...count("repeated", "the alt text of another photograph"),
  ];
  if (parts.length === 0) return [];
  return [`of the images, ${parts.join(", ")}: --require-alt names each`];
}

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
function suggestion(key: string, photos: Answers["photos"]): string {
  const info = photos.get(key);
  if (!isThere(info)) return "";
  const own = ownTexts(info).find((text) => !isFileName(text, key) && !saysNothing(text));
  return own === undefined ? "" : `; the photograph itself says "${own}"`;
}

/** The first one is printed where the author wrote none. */
function ownTexts(image: Pick<ManifestImage, "meta"> | undefined): string[] {
  const { alt, description, title } = image?.meta ?? {};
  return [alt, description, title].filter((text) => text !== undefined);
}
