import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** The files that an author writes for a recipe of hugo-module/themes, by path. */
export type SiteFiles = Readonly<Record<string, string>>;

/**
 * The files of a recipe: each fenced block after a line that names a file and ends in a colon, such as
 * "In `layouts/partials/cover.html`:"; and each file that the recipe copies from the theme, "the theme's `layouts/single.html`",
 * with the first of two blocks replaced by the second. So the tests build what authors read.
 * @param theme the theme's folder.
 * @throws Error for a recipe that does not fit the theme.
 */
export async function readRecipe(file: string, theme: string): Promise<SiteFiles> {
  const text = await readFile(file, "utf8");
  const blocks = text.matchAll(/`([\w./-]+\.\w+)`[^`\n]*:\n+```[\w-]*\n([\s\S]*?)^```$/gm);
  const files = Object.fromEntries([...blocks].map(([, name = "", content = ""]) => [name, content]));
  if (files["hugo.toml"] === undefined) throw new Error(`${file} has no block for hugo.toml`);
  const copies = text.matchAll(
    /the theme's `([\w./-]+)`[^`]*\n+```[\w-]*\n([\s\S]*?)^```\n+by\n+```[\w-]*\n([\s\S]*?)^```$/gm,
  );
  for (const [, name = "", before = "", after = ""] of copies) {
    const original = files[name] ?? (await readFile(path.join(theme, name), "utf8"));
    const words = before
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const copied = original.replace(new RegExp(words.join("\\s+")), () => after.trim());
    if (copied === original) throw new Error(`${file}: the theme's ${name} does not have: ${before}`);
    files[name] = copied;
  }
  return files;
}

/** Writes files below a folder. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
