import type { Nodes, Root, Table } from "mdast";
import { remark } from "remark";
import { remarkDefinitionList } from "remark-definition-list";
import remarkGfm from "remark-gfm";
import type { Processor } from "unified";
import { SKIP, visit } from "unist-util-visit";
import { withoutDeepParentheses } from "./deep-parentheses.ts";
import { endpointUrls, imgTags } from "./html.ts";

/** An image in a Markdown text; the offset is that of its first character. */
export interface MarkdownImage {
  readonly destination: string;
  readonly offset: number;
  /** `raw`: an `<img>` in raw HTML, whatever it shows. `spaced`: text that its author meant as an image, but for its spaces. */
  readonly as: "image" | "url" | "raw" | "spaced";
  /** The description of an `image`, without its markup. */
  readonly alt?: string;
}

/**
 * The images of a Markdown text as Hugo's goldmark sees them: remark with goldmark's extensions, without the parts that
 * goldmark drops (footnotes without a reference, cells beyond a table's header).
 * @param endpoints whose URLs count in raw HTML; empty if Hugo does not print raw HTML.
 */
export function markdownImages(text: string, endpoints: readonly string[]): MarkdownImage[] {
  if (text === "") return [];
  // The parser does not count a byte order mark.
  const mark = text.startsWith("\ufeff") ? 1 : 0;
  const { text: readable, restore } = withoutDeepParentheses(text);
  const tree = parser.parse(readable);
  const targets = linkTargets(tree);
  const found: MarkdownImage[] = [];
  visit(tree, (node) => {
    const offset = (node.position?.start.offset ?? 0) + mark;
    if (isDropped(node, targets)) return SKIP;
    if (node.type === "table") cutSurplusCells(node);
    else if (node.type === "image")
      found.push({ destination: restore(node.url), offset, as: "image", alt: restore(node.alt ?? "") });
    else if (node.type === "imageReference") {
      const destination = targets.definitions.get(node.identifier);
      if (destination !== undefined)
        found.push({ destination, offset, as: "image", alt: restore(node.alt ?? "") });
    } else if (node.type === "text") {
      const written = readable.slice(node.position?.start.offset, node.position?.end.offset);
      for (const { 1: destination = "", index } of written.matchAll(SPACED))
        found.push({ destination: restore(destination), offset: offset + index, as: "spaced" });
    } else if (node.type === "html") {
      const html = restore(node.value);
      const urls = endpointUrls(html, endpoints).map((url) => ({
        destination: url.url,
        offset: offset + url.offset,
        as: "url" as const,
      }));
      const tags = imgTags(html).map((at) => ({ destination: "", offset: offset + at, as: "raw" as const }));
      found.push(...[...urls, ...tags].sort((a, b) => a.offset - b.offset));
    }
    return undefined;
  });
  return found;
}

/** `![lake](my lake.jpg)`: a destination without angle brackets ends at its first space, so this is text. */
const SPACED =
  /(?<!\\)!\[[^[\]\n]*\]\(([^\s()<>][^()<>"'\n]*[ \t][^()<>"'\n]*\.(?:jpe?g|png|gif|webp|avif|svg|heic))(?:[?#][^\s()]*)?\)/gi;

// --- the tree ---

const parser: Pick<Processor<Root>, "parse"> = remark().use(remarkGfm).use(remarkDefinitionList);

interface LinkTargets {
  readonly definitions: ReadonlyMap<string, string>;
  /** Identifiers of footnotes that have a reference. */
  readonly footnotes: ReadonlySet<string>;
}

/** The first definition of a name wins. */
function linkTargets(tree: Root): LinkTargets {
  const definitions = new Map<string, string>();
  const footnotes = new Set<string>();
  visit(tree, (node) => {
    if (node.type === "definition" && !definitions.has(node.identifier))
      definitions.set(node.identifier, node.url);
    if (node.type === "footnoteReference") footnotes.add(node.identifier);
  });
  return { definitions, footnotes };
}

function isDropped(node: Nodes, targets: LinkTargets): boolean {
  return node.type === "footnoteDefinition" && !targets.footnotes.has(node.identifier);
}

/** goldmark keeps only as many cells of a row as the header has. */
function cutSurplusCells(table: Table): void {
  const columns = table.children[0]?.children.length ?? 0;
  for (const row of table.children) row.children.length = Math.min(row.children.length, columns);
}
