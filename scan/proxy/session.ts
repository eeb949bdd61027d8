import type { MetaField, PublishedField } from "../../contract/meta.ts";
import { formatBytes } from "../counted.ts";
import type { Progress } from "../progress.ts";
import { type Answers, isAbsent, isThere } from "./answers.ts";
import { type Folder, type Listings, listFolders } from "./list.ts";
import { type Probed, probe, probeNeighbours } from "./probe.ts";
import { defaultSetName, publishSet, type SetName } from "./publish.ts";
import type { Server } from "./request.ts";
import { readWeights, writeWeights } from "./state.ts";
import { withSuggestions } from "./suggestions.ts";
import { loadThumbnails } from "./thumbnails.ts";
import { isTuned, tune as measurePhotos, type Tune } from "./tuning/tune.ts";
import { changedSince } from "./warm/changed.ts";
import { eachResult, type Requests, readersOf } from "./warm/variant.ts";
import { warm } from "./warm/warm.ts";

/** How to connect to the proxy, and how to show progress. */
export interface SessionOptions {
  /** The scan's address of the proxy; default: the site's endpoint. */
  readonly endpoint?: string;
  readonly token?: string;
  /** Fields of the photographs' metadata that are asked for besides those of the site's manifest. */
  readonly moreMeta?: readonly MetaField[];
  /** The encoder's effort for warm-ups, 0 to 9. */
  readonly effort?: number;
  /** Needs a token. */
  readonly tune?: Tune;
  readonly concurrency: number;
  /** How long to wait for a proxy that does not answer, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Name of the published set; default: the host of the site's baseURL, and the commit or the time. */
  readonly publish?: SetName;
  /** Seconds after which the published set expires, for previews. */
  readonly previewSeconds?: number;
  /** The commit that CI builds. */
  readonly commit?: string;
  readonly now: Date;
}

/** Result of the warm-up. */
export interface Warmed extends Pick<Answers, "variants"> {
  /** Messages about the server, not about a post. */
  readonly warnings: readonly string[];
  /** Keys of photographs that were replaced after the probe. */
  readonly changed: ReadonlySet<string>;
}

/** The proxy of a site, with a method for each step that takes time. */
export interface Session {
  /**
   * @param images the possible keys of each image; they are asked about in order, up to the first that exists.
   * @returns with suggestions for those that do not exist.
   */
  probe(images: Iterable<readonly string[]>): Promise<ReadonlyMap<string, Probed>>;
  /** The same of what may be no photograph at all, so that nothing else is suggested. */
  look(images: Iterable<readonly string[]>): Promise<ReadonlyMap<string, Probed>>;
  /** Measures existing photographs, as far as {@link SessionOptions.tune} says and its budget goes. */
  tune(photos: Answers["photos"]): Promise<Answers["photos"]>;
  /** Folders of the source, each once, by the name that folderName gives them. */
  list(folders: readonly Folder[]): Promise<Listings>;
  /**
   * Publishes the requests of existing photographs, if there is a token, and warms their variants.
   * @param leftOut canonical queries that are not warmed.
   */
  warm(requests: Requests, photos: Answers["photos"], leftOut?: ReadonlySet<string>): Promise<Warmed>;
  /** Small pictures of existing photographs, as data URLs. */
  thumbnails(photos: Answers["photos"]): Promise<ReadonlyMap<string, string>>;
}

/** The parts of a site that requests to the proxy need. */
export interface AskingSite {
  readonly folder: string;
  readonly baseUrl: string;
  readonly endpoints: readonly string[];
  readonly signatureKey: string | undefined;
  /** What its manifest says of photographs from their metadata. */
  readonly meta: readonly PublishedField[];
}

export function createSession(site: AskingSite, options: SessionOptions): Session {
  const { progress, effort, token, concurrency, patienceMs, signal } = options;
  let isTold = false;
  const server: Server = {
    endpoint: options.endpoint ?? site.endpoints[0] ?? "",
    concurrency,
    patienceMs,
    signal,
    onWaiting: (words) => {
      if (!isTold) progress.note(words);
      isTold = true;
    },
    ...(token !== undefined && { token }),
  };
  const { tune, moreMeta = [] } = options;
  const meta = [...new Set([...site.meta, ...moreMeta])];
  const asking = { key: site.signatureKey, meta };
  const known = tune && {
    look: tune.look,
    ...(tune.floor !== undefined && { floor: tune.floor }),
    known: true,
  };
  const look = async (images: Iterable<readonly string[]>) => {
    const wanted = [...new Map([...images].map((keys) => [keys.join("\n"), keys])).values()];
    const photos = new Map<string, Probed>();
    for (let keys = nextKeys(wanted, photos); keys.length > 0; keys = nextKeys(wanted, photos)) {
      progress.start("asking for photographs", keys.length);
      const onAnswer = (count: number) => progress.advance(count);
      const more = { onAnswer, ...(known !== undefined && { tune: known }) };
      for (const [key, info] of await probe(server, keys, { ...asking, ...more })) photos.set(key, info);
      progress.end();
    }
    return withoutPassedOver(wanted, photos);
  };
  return {
    look,
    async probe(images) {
      return withSuggestions(await look(images), {
        guesses: (keys) => probe(server, keys, asking),
        neighbours: (keys) => probeNeighbours(server, keys),
      });
    },
    async list(folders) {
      if (folders.length === 0) return new Map();
      progress.start("listing folders");
      return listFolders(server, folders).finally(() => progress.end());
    },
    async tune(photos) {
      if (tune === undefined) return photos;
      const left = [...photos]
        .filter(([, info]) => isThere(info) && !isTuned(info, tune))
        .map(([key]) => key);
      progress.start("tuning", left.length);
      const onAnswer = (count: number) => progress.advance(count);
      const measured = await measurePhotos(server, left, tune, { ...asking, onAnswer });
      progress.end();
      return new Map([...photos].map(([key, info]) => [key, measured.get(key) ?? info]));
    },
    async warm(requests, photos, leftOut = new Set()) {
      const there = new Map([...requests].filter(([, { key }]) => isThere(photos.get(key))));
      const budget =
        token === undefined || there.size === 0 ? undefined : await publish(server, there, site, options);
      const known = token === undefined ? undefined : await readWeights(site.folder);
      const wanted = new Map([...there].filter(([query]) => !leftOut.has(query)));
      progress.start(
        "warming",
        sum(wanted.values(), (request) => readersOf(request).length),
      );
      const variants = await warm(server, wanted, {
        ...(site.signatureKey !== undefined && { key: site.signatureKey }),
        ...(effort !== undefined && { effort }),
        ...(known !== undefined && { known }),
        onProgress: (count) => progress.advance(count),
      });
      progress.end();
      if (known !== undefined) await writeWeights(site.folder, variants, known);
      const warnings = [...tokenWarnings(options), ...budgetWarnings(variants, budget)];
      return { variants, warnings, changed: changedSince(photos, wanted, variants) };
    },
    async thumbnails(photos) {
      const keys = [...photos].filter(([, info]) => isThere(info)).map(([key]) => key);
      progress.start("fetching thumbnails", keys.length);
      const found = await loadThumbnails(server, keys, site.signatureKey, () => progress.advance());
      progress.end();
      return found;
    },
  };
}

// --- keys ---

/** The next possible key of each image whose earlier keys do not exist; each key once. */
function nextKeys(images: readonly (readonly string[])[], photos: Answers["photos"]): string[] {
  const next = images.flatMap((keys) => {
    const [key] = keys.filter((key) => !isAbsent(photos.get(key)));
    return key === undefined || photos.has(key) ? [] : [key];
  });
  return [...new Set(next)].sort();
}

/** A missing key is no error if another possible key of the image exists. */
function withoutPassedOver(
  images: readonly (readonly string[])[],
  photos: Answers["photos"],
): ReadonlyMap<string, Probed> {
  const shown = images.map((keys) => keys.find((key) => !isAbsent(photos.get(key))) ?? keys[0]);
  const kept = new Set(shown);
  return new Map([...photos].filter(([key]) => kept.has(key)));
}

// --- parts ---

async function publish(
  server: Server,
  requests: Requests,
  site: AskingSite,
  { publish, commit, now, previewSeconds }: SessionOptions,
): Promise<number | undefined> {
  const name = publish ?? defaultSetName(site.baseUrl, commit, now);
  return publishSet(server, name, requests.values(), previewSeconds);
}

/** These are no errors: a job of a pull request from a fork has no token, and still checks the site. */
function tokenWarnings({ token, publish, previewSeconds, effort }: SessionOptions): string[] {
  if (token !== undefined) return [];
  const sets = [...(publish ? ["--publish"] : []), ...(previewSeconds === undefined ? [] : ["--preview"])];
  return [
    ...(sets.length > 0
      ? [
          `nothing is published: ${sets.join(" and ")} ${sets.length > 1 ? "need" : "needs"} the server's token`,
        ]
      : []),
    ...(effort === undefined ? [] : ["--effort has no effect: it needs the server's token"]),
  ].map((words) => `${words}. Give --token, or set TOKEN`);
}

/** The server cannot pin more than its cache can hold. */
function budgetWarnings(results: Answers["variants"], budget: number | undefined): string[] {
  const bytes = sum(eachResult(results), (result) => ("bytes" in result ? (result.bytes ?? 0) : 0));
  if (budget === undefined || bytes <= budget) return [];
  return [
    `the site's variants are ${formatBytes(bytes)}, but the server's cache holds only ${formatBytes(budget)}: some will be made again for readers. Raise CACHE_MAX_BYTES, or use fewer tiers`,
  ];
}

function sum<T>(all: Iterable<T>, of: (one: T) => number): number {
  let total = 0;
  for (const one of all) total += of(one);
  return total;
}
