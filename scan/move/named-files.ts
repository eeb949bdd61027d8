import { readFile } from "node:fs/promises";
import path from "node:path";
import { decodeOnce } from "../../contract/url/escape.ts";
import type { Photograph } from "./choose.ts";
import { PHOTO_ENDINGS } from "./local-files.ts";
import type { Shown } from "./shown.ts";

/**
 * Photographs whose former address a built file still has, in a place that is no known reference: a script, an attribute of a theme, a
 * search index.
 * @returns the first such file of each photograph, by the photograph's name.
 */
export async function namedFiles(
  photographs: readonly Photograph[],
  before: Shown,
  after: Shown,
): Promise<ReadonlyMap<string, string>> {
  const gone = new Map<string, string>();
  for (const { name, sha256 } of photographs)
    for (const file of before.files.get(`sha ${sha256}`) ?? []) gone.set(file, name);
  const found = new Map<string, string>();
  for (const page of after.names) {
    const text = await readFile(path.join(after.folder, page), "utf8");
    for (const address of addressesIn(text.replaceAll("\\/", "/")))
      for (let at = address.indexOf("/"); at !== -1; at = address.indexOf("/", at + 1)) {
        const name = gone.get(address.slice(at + 1));
        if (name !== undefined && !found.has(name)) found.set(name, page);
      }
  }
  return found;
}

const ADDRESS = new RegExp(`/[^\\s"'\`<>()?#&=]{1,2000}?\\.(?:${PHOTO_ENDINGS})\\b`, "gi");

/** Paths of images, absolute or after a host. */
function* addressesIn(text: string): Generator<string> {
  for (const [address] of text.matchAll(ADDRESS)) {
    yield address;
    if (address.includes("%")) yield decodeOnce(address);
  }
}
