import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { manifestNames } from "../open-site.ts";
import type { Site } from "../site/site.ts";

/**
 * Time and size, by file, of what a scan reads: the configuration, content/ and layouts/, the site's and its themes'. Of static/ and
 * assets/ only the names count: a file there is shown instead of a photograph of the bucket.
 */
export type ContentState = ReadonlyMap<string, string>;

/** Files whose name ends like those that editors write for a moment do not count; nor do the manifests. */
export async function contentState(site: Site): Promise<ContentState> {
  const { folder, mounts } = site;
  const own = (name: string) => path.join(folder, name);
  const read = [...sourcesOf(mounts.content), ...sourcesOf(mounts.layouts), own("layouts"), own("config")];
  const named = [...sourcesOf(mounts.static), ...sourcesOf(mounts.assets), own("static"), own("assets")];
  const state = new Map<string, string>();
  for (const name of await namesIn(folder))
    if (/\.(?:toml|ya?ml|json|mod|work)$/.test(name)) await describe(own(name), state);
  for (const root of new Set(read)) {
    await describe(root, state);
    for (const name of await namesIn(root, true)) await describe(path.join(root, name), state);
  }
  for (const root of new Set(named))
    for (const name of await namesIn(root, true)) state.set(path.join(root, name), "");
  for (const name of manifestNames(site)) state.delete(name);
  return state;
}

export function isSame(one: ContentState, other: ContentState): boolean {
  return one.size === other.size && [...one].every(([file, said]) => other.get(file) === said);
}

/** Time between two looks that must find the same. */
const REST_MS = 100;

/** How long a file may be empty or away. Editors truncate a file, or move it away, before they write it again. */
const LOSS_MS = 1_500;

/** Content that changes all the time is read as it is. */
const MOST_MS = 4_000;

/**
 * The content once nobody writes it.
 * @param look such as {@link contentState}. @param before what it found last.
 */
export async function restingState(
  look: () => Promise<ContentState>,
  before: ContentState,
  signal: AbortSignal,
): Promise<ContentState> {
  const began = performance.now();
  for (let state = await look(); ; ) {
    await sleep(REST_MS, undefined, { signal }).catch(() => {});
    const now = await look();
    const elapsed = performance.now() - began;
    const rests = isSame(state, now) && (elapsed >= LOSS_MS || !hasLost(before, now));
    if (rests || elapsed >= MOST_MS || signal.aborted) return now;
    state = now;
  }
}

/** Whether a file that had a text is empty or away. */
function hasLost(before: ContentState, now: ContentState): boolean {
  return [...before].some(([file, said]) => hasText(said) && !hasText(now.get(file) ?? ""));
}

function hasText(said: string): boolean {
  return said !== "" && !said.endsWith(" 0");
}

// --- files ---

function sourcesOf(mounts: Site["mounts"]["content"]): string[] {
  return mounts.map(({ source }) => source);
}

async function namesIn(folder: string, recursive = false): Promise<string[]> {
  const names = await readdir(folder, { recursive }).catch(() => []);
  return names.filter((name) => !/(?:~|\.sw[a-z]|\.tmp)$|(?:^|\/)\.#/.test(name));
}

/** Nothing of what is not there, or no longer. */
async function describe(file: string, state: Map<string, string>): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  // A folder's own time says nothing that the names in it do not.
  if (found !== undefined && !found.isDirectory()) state.set(file, `${found.mtimeMs} ${found.size}`);
}
