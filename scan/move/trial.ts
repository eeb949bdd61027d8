import path from "node:path";
import type { Found, PossiblePost } from "../content/found.ts";
import { type ReadingOptions, readPosts } from "../content/posts.ts";
import type { Change } from "../init/change.ts";
import type { Site } from "../site/site.ts";
import { type Photograph, scaledFrom, stemOf } from "./choose.ts";
import { losses } from "./compare.ts";
import { BuildFailed } from "./copy/build.ts";
import type { SiteCopy } from "./copy/site-copy.ts";
import { isOwn } from "./local-files.ts";
import { namedFiles } from "./named-files.ts";
import { rewritePages } from "./rewrite/pages.ts";
import { type Picture, type Shown, shownPictures } from "./shown.ts";

/** The site before the move, and how it is built. */
export interface Trial {
  readonly copy: SiteCopy;
  readonly site: Site;
  readonly found: Found<PossiblePost>;
  readonly before: Shown;
  /** SHA-256 of the site's photographs, by the key that each has first. */
  readonly contents: ReadonlyMap<string, string>;
  /** Whether the manifest has a key. */
  has(key: string): boolean;
  /** Builds the copy as it is now. @returns the folder. @throws BuildFailed */
  build(): Promise<string>;
  readonly reading: ReadingOptions;
}

/** The photographs that the site can do without, and the changes that this takes. */
export interface Tried {
  readonly photographs: readonly Photograph[];
  readonly changes: readonly Change[];
  /** Photographs that must stay, by their name, with the reason. */
  readonly kept: ReadonlyMap<string, string>;
}

/**
 * Takes the photographs out of the copy, changes its pages, builds it, and compares all images. A photograph that a page would lose is put
 * back, and the rest is tried again, until nothing is lost.
 */
export async function tryWithout(all: readonly Photograph[], trial: Trial): Promise<Tried> {
  const kept = new Map<string, string>();
  for (;;) {
    const photographs = all.filter(({ name }) => !kept.has(name));
    if (photographs.length === 0) return { photographs, changes: [], kept };
    const { changes, refused } = await rewritePages(trial.copy.folder, photographs, {
      has: trial.has,
      isOwnFile: (file) => isOwn(file, trial.site),
      hugoMinor: trial.site.hugoMinor,
    });
    const stay = refused.size > 0 ? refused : await lostWithout(photographs, changes, trial);
    if (stay.size === 0) return { photographs, changes, kept };
    for (const [name, reason] of stay) kept.set(name, reason);
  }
}

/** Which of these photographs must stay, with the reason. The copy is afterwards as it was. */
async function lostWithout(
  photographs: readonly Photograph[],
  changes: readonly Change[],
  trial: Trial,
): Promise<ReadonlyMap<string, string>> {
  const { copy } = trial;
  for (const { file, after } of changes) await copy.write(file, after);
  for (const { name } of photographs) await copy.remove(name);
  try {
    const misread = await misreadPhotographs(photographs, trial);
    if (misread.size > 0) return misread;
    return await lostInBuild(photographs, trial);
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    if (photographs.length === 1)
      return new Map(
        photographs.map(({ name }) => [name, `the site does not build without it: ${error.message}`]),
      );
  } finally {
    for (const { file, before } of changes) await copy.write(file, before ?? "");
    for (const { name } of photographs) await copy.restore(name);
  }
  return culprits(photographs, trial);
}

/** Without each half alone: so the build finds the photographs that a template needs. */
async function culprits(
  photographs: readonly Photograph[],
  trial: Trial,
): Promise<ReadonlyMap<string, string>> {
  const middle = Math.ceil(photographs.length / 2);
  const found = new Map<string, string>();
  for (const half of [photographs.slice(0, middle), photographs.slice(middle)])
    for (const [name, reason] of (await tryWithout(half, trial)).kept) found.set(name, reason);
  if (found.size > 0) return found;
  return new Map(
    photographs.map(({ name }) => [name, "the site does not build without it and others together"]),
  );
}

/** Photographs on pages whose text, once changed, does not name exactly the expected keys. */
async function misreadPhotographs(
  photographs: readonly Photograph[],
  { site, found, reading }: Trial,
): Promise<ReadonlyMap<string, string>> {
  const expected = keysByPage(found);
  for (const { key, references } of photographs)
    for (const { page } of references) expected.set(page, [...(expected.get(page) ?? []), key].sort());
  const actual = keysByPage(await readPosts(site, reading));
  const wrong = [...expected].filter(
    ([page, keys]) => JSON.stringify(actual.get(page)) !== JSON.stringify(keys),
  );
  const pages = new Set(wrong.map(([page]) => page));
  const result = new Map<string, string>();
  for (const { name, key, references } of photographs) {
    const page = references.map((one) => one.page).find((one) => pages.has(one));
    if (page !== undefined) result.set(name, `${page} cannot be changed safely: write /${key} there`);
  }
  return result;
}

function keysByPage({ posts }: Found<PossiblePost>): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const { file, uses } of posts)
    keys.set(file, [...(keys.get(file) ?? []), ...uses.map((use) => use.keys[0] ?? "")].sort());
  return keys;
}

async function lostInBuild(
  photographs: readonly Photograph[],
  { site, before, contents: known, build, reading: { signal } }: Trial,
): Promise<ReadonlyMap<string, string>> {
  const contents = new Map([...known, ...photographs.map(({ key, sha256 }) => [key, sha256] as const)]);
  const after = await shownPictures(site, await build(), contents, signal);
  const lost = new Map<string, string>();
  for (const { page, pictures } of losses(before, after))
    for (const photograph of suspects(pictures, photographs, before))
      if (!lost.has(photograph.name))
        lost.set(
          photograph.name,
          `a template, a style sheet, a link or raw HTML names it: ${page} would lose it`,
        );
  for (const [name, file] of await namedFiles(photographs, before, after))
    if (!lost.has(name)) lost.set(name, `${file} in the built site has its address`);
  return lost;
}

/**
 * The photographs that lost pictures are, or are made of; without any trace, those of the same folder, and at last all.
 */
function suspects(
  pictures: readonly Picture[],
  photographs: readonly Photograph[],
  { files }: Shown,
): readonly Photograph[] {
  const found = photographs.filter(({ sha256 }) => pictures.includes(`sha ${sha256}`));
  if (found.length > 0) return found;
  const stems = pictures.flatMap((picture) =>
    [...(files.get(picture) ?? [])].map((name) => scaledFrom(name) ?? stemOf(name)),
  );
  const same = photographs.filter((photograph) => stems.includes(stemOf(photograph.path)));
  if (same.length > 0) return same;
  const bases = stems.map((stem) => path.posix.basename(stem));
  const alike = photographs.filter((photograph) =>
    bases.includes(path.posix.basename(stemOf(photograph.path))),
  );
  return alike.length > 0 ? alike : photographs;
}
