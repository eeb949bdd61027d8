import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import type { LocalReference } from "../../content/found.ts";
import type { Change } from "../../init/change.ts";
import type { Photograph } from "../choose.ts";
import { alreadyNames, pathFor } from "./destination.ts";
import { applyEdits, type Edit } from "./edit.ts";
import { referenceEdits } from "./reference-edits.ts";

/** The changes of content files after which every place means the key of its photograph. */
export interface Rewriting {
  readonly changes: readonly Change[];
  /** Photographs with a place that cannot be changed, by their name, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

export interface RewritingOptions {
  /** Whether the manifest has a key. */
  has(key: string): boolean;
  /** Whether a file belongs to the site itself, by its absolute path. */
  isOwnFile(file: string): boolean;
  readonly hugoMinor: number;
}

/** @param folder the site, without links in its path. */
export async function rewritePages(
  folder: string,
  photographs: readonly Photograph[],
  { has, isOwnFile, hugoMinor }: RewritingOptions,
): Promise<Rewriting> {
  const refused = new Map<string, string>();
  const wanted = new Map<string, Wanted[]>();
  for (const { name, key, references } of photographs)
    for (const reference of references) {
      // It changes with the destination of which it is made.
      if (reference.isDerived || alreadyNames(reference, key, has)) continue;
      const ofPage = wanted.get(reference.page) ?? [];
      ofPage.push({ reference, photograph: name, path: pathFor(key, reference) });
      wanted.set(reference.page, ofPage);
    }
  const changes: Change[] = [];
  for (const [page, places] of wanted) {
    const file = path.join(folder, page);
    const bytes = await readFile(file);
    const before = bytes.toString("utf8");
    // A file of a theme, behind a link, or with bytes that are not UTF-8 is not changed.
    const isEditable =
      isOwnFile(file) && (await realpath(file)) === file && bytes.equals(Buffer.from(before));
    const edits = new Map<string, readonly Edit[]>();
    for (const { reference, photograph, path: target } of places) {
      const at = placeIn(reference);
      const found = isEditable ? referenceEdits(before, reference, target, hugoMinor) : [];
      // A file that is a page of two languages can name two photographs in one place.
      const isOther = edits.has(at) && JSON.stringify(edits.get(at)) !== JSON.stringify(found);
      if (found.length === 0 || isOther)
        refused.set(
          photograph,
          `${page}:${reference.line}: this place cannot be changed safely: write ${target} there`,
        );
      edits.set(at, found);
    }
    const left = new Set(
      places.filter(({ photograph }) => refused.has(photograph)).map((one) => placeIn(one.reference)),
    );
    const after = applyEdits(
      before,
      [...edits].flatMap(([at, some]) => (left.has(at) ? [] : some)),
    );
    if (after !== before) changes.push({ file: page, before, after });
  }
  return { changes, refused };
}

interface Wanted {
  readonly reference: LocalReference;
  readonly photograph: string;
  readonly path: string;
}

function placeIn({ line, column, as, name, destination }: LocalReference): string {
  return JSON.stringify([line, column, as, name, destination]);
}
