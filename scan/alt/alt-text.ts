import type { Post } from "../content/posts.ts";
import type { Finding } from "../findings.ts";
import { type Answers, isThere } from "../proxy/answers.ts";

/** An image whose alternative text says nothing to those who cannot see it. */
export interface AltProblem extends Pick<Finding, "file" | "line" | "column"> {
  readonly key: string;
  readonly kind: "missing" | "name" | "repeated";
  /** What is wrong, and what the photograph itself says. */
  readonly message: string;
}

/**
 * Images of the posts with no alternative text, with a file name instead, or with the text of another photograph of that post.
 * A file that is a page of several languages is read once.
 */
export function altProblems(posts: readonly Post[], photos: Answers["photos"]): AltProblem[] {
  const found = new Map<string, AltProblem>();
  for (const { file, uses } of posts) {
    const keysOf = new Map<string, string>();
    for (const { key, line, column, alt } of uses) {
      if (alt === undefined) continue;
      const words = normal(alt);
      const other = keysOf.get(words) ?? key;
      keysOf.set(words, other);
      const problem =
        words === ""
          ? ({ kind: "missing", message: `${key} has no alt text` } as const)
          : isFileName(alt.trim(), key)
            ? ({ kind: "name", message: `${key} has a file name as its alt text, "${alt}"` } as const)
            : other !== key
              ? ({ kind: "repeated", message: `${key} has the alt text of ${other}, "${alt}"` } as const)
              : undefined;
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
    ...count("repeated", "the alt text of another photograph"),
  ];
  if (parts.length === 0) return [];
  return [`of the images, ${parts.join(", ")}: --require-alt names each`];
}

// --- parts ---

function normal(alt: string): string {
  return alt.trim().toLowerCase().replace(/\s+/g, " ");
}

/** `worms` may describe worms.jpg; `IMG_4711`, `dsc-0815.jpg` and `my_photo_2` describe nothing. */
function isFileName(alt: string, key: string): boolean {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const stem = name.replace(/\.[^.]*$/, "");
  if (/\.(?:jpe?g|png|gif|webp|avif|svg|heic|tiff?)$/i.test(alt)) return true;
  if (/^(?:img|image|dscn?|dscf|pxl|p|dji|gopr|mvi|screenshot|photo|foto|bild)[-_ ]?\d[-_\d]*$/i.test(alt))
    return true;
  return alt.toLowerCase() === stem.toLowerCase() && /[\d_-]/.test(stem);
}

function suggestion(key: string, photos: Answers["photos"]): string {
  const info = photos.get(key);
  if (!isThere(info)) return "";
  const { alt, description, title } = info.meta ?? {};
  const own = alt ?? description ?? title;
  return own === undefined ? "" : `; the photograph itself says "${own}"`;
}
