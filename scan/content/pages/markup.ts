import path from "node:path";

/** Markup language of a content file. */
export type Markup = "markdown" | "html" | "other";

/**
 * By file name; undefined for a file that is not content.
 * @param hugoMinor before 0.123 extensions were case-sensitive.
 */
export function markupOf(name: string, hugoMinor: number): Markup | undefined {
  const extension = path.extname(name).slice(1);
  const plain = hugoMinor >= 123 ? extension.toLowerCase() : extension;
  if (plain === "md" || plain === "markdown" || plain === "mdown") return "markdown";
  if (plain === "html" || plain === "htm") return "html";
  return /^(?:org|adoc|asciidoc|ad|rst|pdc|pandoc)$/.test(plain) ? "other" : undefined;
}

/** By the name in the front matter. */
export function markupNamed(markup: unknown): Markup {
  const name = typeof markup === "string" ? markup.toLowerCase() : "";
  if (["md", "markdown", "goldmark", "mdown"].includes(name)) return "markdown";
  return name === "html" ? "html" : "other";
}
