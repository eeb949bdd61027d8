import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { isOurs } from "../doctor/hooks.ts";
import { linesOf } from "../lines.ts";
import { readText } from "../read-text.ts";
import type { Site } from "../site/site.ts";
import type { Photograph } from "./choose.ts";

/** Files of a site that can name a photograph. */
const TEXT =
  /\.(?:html?|xml|md|markdown|mdown|org|adoc|rst|toml|ya?ml|json|csv|css|s[ac]ss|m?[jt]sx?|txt|webmanifest)$/i;

/** Folders in which nothing is written by hand. */
const GENERATED: ReadonlySet<string> = new Set([
  ".git",
  "node_modules",
  "public",
  "resources",
  "themes",
  "_vendor",
]);

/**
 * Photographs that a file names which this command does not change: a template, data, the configuration, a style sheet, a draft.
 * @param known the content files that are read as pages, and other files that do not count; relative to the site.
 * @returns the first such place of each photograph, by the photograph's name.
 */
export async function mentions(
  site: Pick<Site, "folder" | "modules">,
  photographs: readonly Photograph[],
  known: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of await textFiles(site)) {
    const name = path.relative(site.folder, file).split(path.sep).join("/");
    if (known.has(name)) continue;
    const text = withoutComments(await readText(file).catch(() => ""));
    const placeOf = linesOf(text);
    for (const photograph of photographs) {
      if (found.has(photograph.name) || !isNear(name, photograph)) continue;
      const at = mentionIn(text, path.posix.basename(photograph.name));
      if (at !== -1) found.set(photograph.name, `${name}:${placeOf(at).line}`);
    }
  }
  return found;
}

/** Data and pages name the files of their own folder, and of static/ and assets/; a template can name any. */
function isNear(name: string, photo: Photograph): boolean {
  const isTemplate = /(?:^|\/)layouts\//.test(name);
  return isTemplate || photo.component !== "content" || photo.name.startsWith(`${path.posix.dirname(name)}/`);
}

/** With white space instead of the comments of templates. */
function withoutComments(text: string): string {
  return text.replace(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, (comment) => comment.replace(/[^\n]/g, " "));
}

/** The offset of a file's name as a whole word: after a slash, a quote or white space. */
function mentionIn(text: string, base: string): number {
  for (const form of new Set([base, encodeURIComponent(base)]))
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1))
      if (
        !/[\p{L}\p{N}_.-]/u.test(text.charAt(at - 1)) &&
        !/[\p{L}\p{N}_-]/u.test(text.charAt(at + form.length))
      )
        return at;
  return -1;
}

async function textFiles({ folder, modules }: Pick<Site, "folder" | "modules">): Promise<string[]> {
  const layouts = modules.flatMap((module) =>
    module.folder === undefined || isOurs(module) ? [] : [path.join(module.folder, "layouts")],
  );
  const all = [
    ...(await filesBelow(folder, GENERATED)),
    ...(await Promise.all(layouts.map((one) => filesBelow(one)))).flat(),
  ];
  return [...new Set(all)].filter((file) => TEXT.test(file)).sort();
}

async function filesBelow(folder: string, without: ReadonlySet<string> = new Set()): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inner = entries.map(async (entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return without.has(entry.name) ? [] : filesBelow(file);
    return entry.isFile() ? [file] : [];
  });
  return (await Promise.all(inner)).flat();
}
