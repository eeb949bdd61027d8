import { readFile } from "node:fs/promises";
import path from "node:path";

/** The files that an author writes for a recipe of hugo-module/themes, by path. */
export type SiteFiles = Readonly<Record<string, string>>;

/** A file of the theme that does not have the part that a recipe replaces. */
export class RecipeMismatch extends Error {}

/** Blocks of a recipe. */
interface Blocks {
  /** Whole files by path. */
  readonly files: SiteFiles;
  /** Files of the theme with a part that is replaced. */
  readonly copies: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/**
 * The files of a recipe: each fenced block after a line that names a file and ends in a colon, such as
 * "In `layouts/partials/cover.html`:"; and each file that the recipe copies from the theme, "the theme's `layouts/single.html`",
 * with the first of two blocks replaced by the second. So the tests build what authors read, and init writes it.
 * @param theme the theme's folder.
 * @param onMismatch called for each file that is left out, because the theme does not have the part; default: it is thrown.
 * @throws RecipeMismatch
 */
export async function readRecipe(
  file: string,
  theme: string,
  onMismatch: (mismatch: RecipeMismatch) => void = (mismatch) => {
    throw mismatch;
  },
): Promise<SiteFiles> {
  const { files, copies } = blocksOf(await readFile(file, "utf8"));
  if (files["hugo.toml"] === undefined) throw new Error(`${file} has no block for hugo.toml`);
  const all = { ...files };
  for (const { name, before, after } of copies) {
    const original = all[name] ?? (await readFile(path.join(theme, name), "utf8").catch(() => ""));
    const words = before
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const copied = original.replace(new RegExp(words.join("\\s+")), () => after.trim());
    if (copied === original)
      onMismatch(new RecipeMismatch(`${file}: the theme's ${name} does not have: ${before.trim()}`));
    else all[name] = copied;
  }
  return all;
}

function blocksOf(text: string): Blocks {
  const blocks = text.matchAll(/`([\w./-]+\.\w+)`[^`\n]*:\n+```[\w-]*\n([\s\S]*?)^```$/gm);
  const copies = text.matchAll(
    /the theme's `([\w./-]+)`[^`]*\n+```[\w-]*\n([\s\S]*?)^```\n+by\n+```[\w-]*\n([\s\S]*?)^```$/gm,
  );
  return {
    files: Object.fromEntries([...blocks].map(([, name = "", content = ""]) => [name, content])),
    copies: Array.from(copies, ([, name = "", before = "", after = ""]) => ({ name, before, after })),
  };
}
