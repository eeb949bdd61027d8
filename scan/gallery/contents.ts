import { formats } from "../../contract/formats.ts";
import { type RefusedFormatRow, refusedFormats } from "../../contract/refused-formats.ts";
import type { ListedObject } from "../proxy/list.ts";
import { compareNames } from "./order.ts";
import type { GallerySource } from "./source.ts";

/** What a listing has for a gallery, by the names of its files. */
export interface Contents {
  /** Named as images; the probe decides whether they are. */
  readonly images: readonly ListedObject[];
  /** Photographs and videos that the server does not read, by kind: nobody must lose one without a word. */
  readonly refused: ReadonlyMap<RefusedFormatRow, readonly string[]>;
}

/**
 * Sorts the files of a listing. Names that begin with a dot or an underscore, of files or folders, are left out; so is what is no
 * picture: texts, sidecar files.
 */
export function contentsOf(
  objects: readonly ListedObject[],
  source: Pick<GallerySource, "matches">,
): Contents {
  const images: ListedObject[] = [];
  const refused = new Map<RefusedFormatRow, string[]>();
  for (const object of objects) {
    const { key } = object;
    if (isHidden(key) || !source.matches(key)) continue;
    const extension = /\.([^./]+)$/.exec(key)?.[1]?.toLowerCase() ?? "";
    const row = refusedRows.get(extension);
    if (readExtensions.has(extension)) images.push(object);
    else if (row !== undefined) refused.set(row, [...(refused.get(row) ?? []), key]);
  }
  return { images, refused };
}

/**
 * `trips/alps: 2 files are left out, a.heic and b.heic. Each is an HEIC photograph …`
 * @param detail why, as the server says it of one.
 */
export function leftOutWords(reference: string, keys: readonly string[], detail: string): string {
  const [first = "", second, ...more] = keys.toSorted(compareNames);
  const several =
    more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
  const files =
    second === undefined ? `1 file is left out, ${first}` : `${keys.length} files are left out, ${several}`;
  const reason = second === undefined ? detail : detail.replace(/^The original is/, "Each is");
  return `${reference}: ${files}. ${reason}`;
}

/** Whether a name of a file or folder in it begins with a dot or an underscore. */
export function isHidden(key: string): boolean {
  return key.split("/").some((name) => /^[._]/.test(name));
}

const readExtensions: ReadonlySet<string> = new Set(
  Object.values(formats).flatMap(({ extensions }) => extensions),
);

/** A picture or a video; other files have reasons of their own to be in a folder. */
const refusedRows: ReadonlyMap<string, RefusedFormatRow> = new Map(
  Object.values(refusedFormats)
    .filter(({ type }) => /^(?:image|video)\//.test(type))
    .flatMap((row: RefusedFormatRow) => row.extensions.map((extension) => [extension, row] as const)),
);
