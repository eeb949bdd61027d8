import { trimSlashes } from "../../contract/url/url.ts";

/** The parts of a content file that decide where its page is built. */
export interface SourcePage {
  /** Relative to the site. */
  readonly file: string;
  /** Below `content/`, with a slash at its end, or empty. */
  readonly folder: string;
  readonly language: { readonly name: string };
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Finds the content file of a built page: by its place and front matter, or, if permalinks move pages, by its name if no other page
 * has it.
 * @returns undefined if no content file belongs to it.
 */
export function sourcePages<Page extends SourcePage>(
  pages: readonly Page[],
): (built: string) => Page | undefined {
  const byPath = new Map<string, Page>();
  const byName = new Map<string, Page | undefined>();
  for (const page of pages) {
    const path = pathOf(page);
    byPath.set(`${page.language.name}/${path}`, page);
    if (!byPath.has(path)) byPath.set(path, page);
    const name = lastOf(path);
    byName.set(name, byName.has(name) ? undefined : page);
  }
  return (built) => {
    const path = normalized(built.replace(/(?:^|\/)(?:page\/\d+\/)?index\.html$/, "").replace(/\.html$/, ""));
    return byPath.get(path) ?? (path === "" ? undefined : byName.get(lastOf(path)));
  };
}

// --- parts ---

function pathOf({ file, folder, language, values }: SourcePage): string {
  const { url, slug } = values;
  if (typeof url === "string" && url !== "") return normalized(url.replace(/\.html$/, ""));
  const [base = ""] = (file.split("/").at(-1) ?? "").split(/\.(?=[^.]*$)/);
  const name = base.replace(new RegExp(`\\.${language.name}$`, "i"), "");
  if (name === "_index") return normalized(folder);
  const own = name === "index" ? normalized(folder) : normalized(folder + name);
  if (typeof slug !== "string" || slug === "") return own;
  return normalized(own.replace(/[^/]*$/, slug));
}

/** An address as Hugo makes it from a name. */
function normalized(path: string): string {
  return trimSlashes(path.replace(/^\/+/, "")).toLowerCase().replaceAll(/\s+/g, "-");
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
