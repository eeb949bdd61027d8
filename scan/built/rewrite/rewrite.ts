import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ManifestImage } from "../../../contract/manifest.ts";
import { writeWhole } from "../../manifest.ts";
import type { Addresses } from "../addresses.ts";
import type { ReferencePage } from "../broken.ts";
import { type BrokenReference, isAbsent, locatedReferences, MAX_SEARCHED } from "../built-site.ts";
import type { Tag } from "../markup/tags.ts";
import type { SiteFiles } from "../site-files.ts";
import { applyEdits, type Edit } from "./edits.ts";
import { protectedFiles } from "./protected-files.ts";
import { type Replaceable, singleEdit, tagEdits } from "./tag-edits.ts";
import { replacementFor } from "./variants.ts";

/** Result of a rewrite. */
export interface Rewritten {
  readonly files: number;
  readonly references: number;
  /** Why a file was not changed, by its name. */
  readonly left: ReadonlyMap<string, string>;
}

export interface RewriteOptions {
  readonly files: SiteFiles;
  readonly addresses: Addresses;
  readonly signatureKey: string | undefined;
  pageOf(file: string): ReferencePage;
  /** The bucket's photograph for a reference that leads to no file. */
  confirmed(
    reference: Pick<BrokenReference, "url" | "file" | "target">,
  ): { readonly key: string; readonly image: ManifestImage } | undefined;
}

/**
 * Replaces references that lead to no file of the site, but to a photograph in the bucket, by URLs of the proxy. Each file is written
 * whole or not at all. A file is not changed if another file contains its hash, or if there is a compressed copy of it.
 * @param broken result of a search of the same files.
 */
export async function rewriteSite(
  broken: readonly BrokenReference[],
  options: RewriteOptions,
): Promise<Rewritten> {
  const { files, addresses } = options;
  const wanted = new Set(
    broken.filter((reference) => options.confirmed(reference) !== undefined).map(({ file }) => file),
  );
  const left = new Map<string, string>();
  const isProtected = wanted.size === 0 ? new Map<string, string>() : await protectedFiles(files, addresses);
  let written = 0;
  let references = 0;
  for (const file of wanted) {
    const compressed = [".gz", ".br", ".zst"].filter((ending) => files.has(file + ending));
    const reason =
      compressed.length > 0
        ? `${compressed.map((ending) => path.posix.basename(file) + ending).join(" and ")} would not match the rewritten file: compress after the rewrite`
        : isProtected.get(file);
    if (reason !== undefined) {
      left.set(file, reason);
      continue;
    }
    const name = path.join(files.folder, file);
    const bytes = await readFile(name);
    if (!isUtf8(bytes)) {
      left.set(file, "it is not UTF-8");
      continue;
    }
    const text = bytes.toString("utf8");
    const { edits, count } =
      text.length > MAX_SEARCHED ? { edits: [], count: 0 } : fileEdits(file, text, options);
    const after = applyEdits(text, edits);
    if (after === text) continue;
    await writeWhole(name, after);
    written++;
    references += count;
  }
  return { files: written, references, left };
}

// --- one file ---

function fileEdits(
  file: string,
  text: string,
  { files, addresses, pageOf, confirmed, signatureKey }: RewriteOptions,
): { readonly edits: readonly Edit[]; readonly count: number } {
  const { params } = pageOf(file);
  // Most feed readers support neither srcset nor lazy loading.
  const isPage = /\.html?$/i.test(file);
  const byTag = new Map<Tag, Replaceable[]>();
  const edits: Edit[] = [];
  let count = 0;
  for (const [reference, target] of locatedReferences(file, text, addresses)) {
    const { tag, attribute, url } = reference;
    const isKept = tag !== undefined && (isQuoted(tag) || tag.attributes.has("integrity"));
    const found = isAbsent(target) && !isKept ? confirmed({ url, file, target }) : undefined;
    const by = found && replacementFor(found.key, found.image, url, { params, signatureKey });
    if (by !== undefined) count++;
    if (tag === undefined || attribute?.name === "style" || !isPage)
      edits.push(...singleEdit({ reference, by }));
    else {
      const references = byTag.get(tag) ?? [];
      byTag.set(tag, references);
      references.push({ reference, by });
    }
  }
  let isFirst = true;
  for (const [tag, references] of byTag) {
    if (references.every(({ by }) => by === undefined)) continue;
    edits.push(...tagEdits(tag, references, isFirst));
    if (tag.name === "img") isFirst = false;
  }
  if (!isFirst) edits.push(...stylesheetEdits(text, files, addresses));
  return { edits, count };
}

/**
 * Adds the link to the module's stylesheet, if the site has that file and the page does not link it: themes without
 * `height: auto` stretch an image with width and height.
 */
function stylesheetEdits(text: string, { names }: SiteFiles, addresses: Addresses): Edit[] {
  const file = names.find((name) => /(?:^|\/)imgproxy-lite(?:\.min)?(?:\.[0-9a-f]+)?\.css$/.test(name));
  const at = text.search(/<\/head\s*>/i);
  if (file === undefined || at === -1 || text.includes(path.posix.basename(file))) return [];
  return [{ start: at, end: at, text: `<link rel="stylesheet" href="${addresses.urlOf(file).pathname}">` }];
}

function isQuoted({ within }: Tag): boolean {
  return within.includes("pre") || within.includes("code");
}
