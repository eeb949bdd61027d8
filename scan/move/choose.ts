import path from "node:path";
import type { Found, LocalReference, PossiblePost } from "../content/found.ts";
import type { Site } from "../site/site.ts";
import { isOwn, type LocalPhoto, type LocalPhotos, nameOf } from "./local-files.ts";
import type { Shown } from "./shown.ts";

/** A photograph that may be moved. */
export interface Photograph extends LocalPhoto {
  readonly key: string;
  /** The places of the content that show it. */
  readonly references: readonly LocalReference[];
}

/** What is moved, and why the rest is not. */
export interface Choice {
  readonly photographs: readonly Photograph[];
  /** Photographs that pages show and that stay, by their name, with the reason. */
  readonly kept: ReadonlyMap<string, string>;
  /** Photographs that no page shows: they stay. */
  readonly unshown: readonly string[];
}

/**
 * The photographs that a page of the built site shows, and that content names in a way that also names objects of the bucket.
 * @param isWanted whether the user does not keep a file, by its name.
 */
export function choosePhotographs(
  local: LocalPhotos,
  found: Found<PossiblePost>,
  before: Shown,
  site: Site,
  isWanted: (name: string) => boolean,
): Choice {
  const byFile = new Map<string, LocalReference[]>();
  for (const one of found.locals) byFile.set(one.file, [...(byFile.get(one.file) ?? []), one]);
  const keys = new Set(found.posts.flatMap(({ uses }) => uses.map((use) => use.keys[0])));
  const shown = shownIn(before);
  const scaled = scaledFiles(before);
  const named = new Set(local.photos.filter(({ file }) => byFile.has(file)).map(({ sha256 }) => sha256));
  const claims = new Set<string>();
  const photographs: Photograph[] = [];
  const kept = new Map<string, string>();
  const unshown: string[] = [];
  for (const photo of local.photos) {
    const references = byFile.get(photo.file) ?? [];
    const isShown = shown.has(`sha ${photo.sha256}`);
    // By its key, if a run was killed after it had changed the pages.
    const isNamed = references.length > 0 || keys.has(photo.path);
    if (isNamed && isShown) {
      const key = [photo.path, photo.name].find((one) => !claims.has(one));
      const isScaled = scaled.has(stemOf(photo.path));
      if (!isWanted(photo.name)) kept.set(photo.name, "--keep names it");
      else if (isScaled)
        kept.set(photo.name, "a template scales it: it is in the built site under a name that Hugo gave it");
      else if (key === undefined) kept.set(photo.name, "its keys are those of other photographs");
      else {
        claims.add(key);
        photographs.push({ ...photo, key, references });
      }
    } else if (isShown && !named.has(photo.sha256))
      kept.set(
        photo.name,
        "a template, a style sheet or raw HTML shows it, and no Markdown, shortcode or cover of the module names it",
      );
    else unshown.push(photo.name);
  }
  for (const [name, reason] of local.kept)
    if (byFile.has(path.join(site.folder, name))) kept.set(name, reason);
    else unshown.push(name);
  for (const { file } of found.locals) {
    const name = nameOf(file, site);
    if (!isOwn(file, site)) kept.set(name, "it belongs to a theme, or is outside of the site's folder");
    else if (!local.kept.has(name) && !local.photos.some((photo) => photo.file === file))
      kept.set(name, "it is no JPEG, PNG, WebP, AVIF or GIF of the site itself");
  }
  return { photographs, kept, unshown: unshown.sort() };
}

// --- parts ---

function shownIn({ pages }: Shown): ReadonlySet<string> {
  const all = new Set<string>();
  for (const { named } of pages.values())
    for (const pictures of named.values()) for (const picture of pictures) all.add(picture);
  return all;
}

/** The files of which Hugo has made others, as {@link stemOf} names them. */
function scaledFiles({ files }: Shown): ReadonlySet<string> {
  const names = [...files.values()].flatMap((some) => [...some]);
  return new Set(names.map(scaledFrom).filter((one) => one !== undefined));
}

/** `posts/x/alps` for `posts/x/alps_hu_1234567890ab.jpg`, and before 0.139 `posts/x/alps_hu1234…_600x0_resize_q75_box.jpg`. */
export function scaledFrom(built: string): string | undefined {
  const [, stem] = /^(.+)_hu_?[0-9a-f]{10,}[^/]*$/i.exec(built) ?? [];
  return stem?.toLowerCase();
}

/** A path as Hugo names what it makes of it: in lower case, without the extension. */
export function stemOf(file: string): string {
  return file.replace(/\.[^./]*$/, "").toLowerCase();
}
