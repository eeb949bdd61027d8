import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { formatManifest } from "../../contract/manifest.ts";
import { CannotRun } from "../cannot-run.ts";
import { counted } from "../counted.ts";
import { formatFinding, sortFindings } from "../findings.ts";
import { foldersOf } from "../gallery/list.ts";
import { manifestOf } from "../manifest.ts";
import { openSite } from "../open-site.ts";
import { unsettledWords } from "../proxy/answers.ts";
import type { Listings } from "../proxy/list.ts";
import { Unanswered } from "../proxy/request.ts";
import { createSession, type Session } from "../proxy/session.ts";
import { type ScanOptions, type ScanResult, scanSite } from "../scan.ts";
import { type ShownFile, withShownFiles } from "../site/shown-files.ts";
import type { Site } from "../site/site.ts";
import { type ContentState, contentState, isSame, restingState } from "./content-state.ts";
import { foldersOfNamed, hasOther, lookAtNamed, type NamedPhotographs } from "./named-photographs.ts";

/** Time between two looks at the content. In Node 20, watching a tree on Linux misses files of new folders; times and sizes do not. */
const LOOK_MS = 500;

/** Time between two listings of the galleries' folders, and between two attempts with a server that fails. */
const LIST_MS = 1_000;

/** How long a server may be silent: the content may change meanwhile. */
const PATIENCE_MS = 3_000;

/** How often a scan begins again because the content has changed while it read it; after that it goes on with what it has read. */
const MOST_RESTARTS = 3;

/**
 * Writes the manifest again when the content, the configuration, a template, a name in static/ or assets/, a photograph or a folder of a
 * gallery changes, until the signal aborts. It waits while somebody writes a file: see {@link restingState}. Errors of the content and of
 * the server are printed, and do not end it.
 * @param shown names a file for people. @param print takes one line.
 * @throws CannotRun if the site's configuration is wrong at the start.
 */
export async function watchSite(
  given: ScanOptions,
  shown: ShownFile,
  print: (line: string) => void,
): Promise<void> {
  const options = { ...given, manifestOnly: true, patienceMs: Math.min(given.patienceMs, PATIENCE_MS) };
  let site = await openSite(options.site);
  let [manifest, problems] = ["", new Set<string>()];
  let state: ContentState = new Map();
  for (let restarts = 0; !options.signal.aborted; ) {
    // Before the scan: what changes during it is seen after it.
    const look = () => contentState(site);
    state = await restingState(look, state, options.signal);
    const isChanged = async () => restarts < MOST_RESTARTS && !isSame(await look(), state);
    const session = createSession(site, { ...options, patienceMs: LIST_MS });
    let named: NamedPhotographs | undefined;
    const onKeys = async (keys: readonly string[]) => {
      if (await isChanged()) throw new ContentChanged();
      named = await lookAtNamed(keys, createSession(site, options));
    };
    const { result, failure } = await scanned({ ...options, now: new Date(), onKeys });
    if (options.signal.aborted) return;
    if (result === undefined && (await isChanged())) {
      restarts++;
      continue;
    }
    restarts = 0;
    const text = result === undefined ? manifest : formatManifest(manifestOf(result));
    if (result !== undefined && text !== manifest) print(updateWords(result));
    manifest = text;
    const now = new Set([
      ...(result === undefined ? [] : findingLines(withShownFiles(result, shown))),
      ...(failure === undefined ? [] : [failure]),
    ]);
    for (const line of now) if (!problems.has(line)) print(line);
    problems = now;
    const isFailed = failure !== undefined || named === undefined;
    await nextChange({ site, state, session, named, options, result, isFailed });
    site = await openSite(options.site).catch(() => site);
  }
}

/** What a scan has read is no longer what there is. */
class ContentChanged extends Error {}

/** A failure is one that time or a change can mend. Neither if the content has changed. */
async function scanned(
  options: ScanOptions,
): Promise<{ readonly result?: ScanResult; readonly failure?: string }> {
  try {
    const result = await scanSite(options);
    const failure = unsettledWords(result);
    return { result, ...(failure !== undefined && { failure }) };
  } catch (error) {
    if (options.signal.aborted || error instanceof ContentChanged) return {};
    if (error instanceof CannotRun || error instanceof Unanswered) return { failure: error.message };
    throw error;
  }
}

interface Watched {
  readonly site: Site;
  /** Of the content that the last scan has read. */
  readonly state: ContentState;
  readonly session: Session;
  /** As they were before the last scan asked for them. */
  readonly named: NamedPhotographs | undefined;
  readonly options: ScanOptions;
  readonly result: ScanResult | undefined;
  /** Then the scan is repeated without a change. */
  readonly isFailed: boolean;
}

async function nextChange({
  site,
  state,
  session,
  named,
  options,
  result,
  isFailed,
}: Watched): Promise<void> {
  const { signal } = options;
  const folders = [...foldersOf(result?.placed ?? []), ...(named === undefined ? [] : foldersOfNamed(named))];
  const began = performance.now();
  for (let listed = began; !signal.aborted; ) {
    const looked = performance.now();
    if (!isSame(await contentState(site), state)) return;
    if (isFailed && looked - began >= LIST_MS) return;
    if (looked - listed >= LIST_MS && folders.length > 0) {
      listed = looked;
      const listings = await session.list(folders).catch(() => new Map());
      if (result?.listings !== undefined && isOther(result.listings, listings)) return;
      if (named !== undefined && hasOther(named, listings)) return;
    }
    // A large site is not looked at all the time.
    const wait = Math.max(LOOK_MS, 4 * (performance.now() - looked));
    await sleep(wait, undefined, { signal: AbortSignal.any([signal]) }).catch(() => {});
  }
}

/** Whether folders have other files now. A folder that cannot be listed now has not changed. */
function isOther(before: Listings, now: Listings): boolean {
  return [...before].some(([name, listing]) => {
    const latest = now.get(name);
    return latest !== undefined && "objects" in latest && !isDeepStrictEqual(latest, listing);
  });
}

// --- words ---

function updateWords({ images, galleries }: ScanResult): string {
  const time = new Date().toTimeString().slice(0, 8);
  const photographs = counted(images.size, "photograph");
  return `${time} the manifest has ${photographs}${galleries.size === 0 ? "" : ` and ${counted(galleries.size, "gallery", "galleries")}`}`;
}

function findingLines({ findings }: ScanResult): string[] {
  return sortFindings(findings).map(formatFinding);
}
