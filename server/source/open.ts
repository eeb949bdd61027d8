import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { SourceLocation } from "../config/parsers.ts";
import { Problem, Repairable } from "../errors.ts";
import { type FreshnessPolicy, folderPolicy, remotePolicy } from "../http/freshness.ts";
import { type CanaryStore, createCanaries } from "./canaries.ts";
import { confirmAbsence } from "./confirm-absence.ts";
import { createFolderSource } from "./folder.ts";
import { listFolder } from "./list/folder.ts";
import type { List } from "./list/list.ts";
import { listPrefixes } from "./list/prefixes.ts";
import { type ListSiblings, siblingsFrom, siblingsOf } from "./list/siblings.ts";
import { createPrefixSource } from "./prefixes.ts";
import { createHttpSource } from "./remote/http.ts";
import { retrySource } from "./remote/retry-breaker.ts";
import { createS3Source, type S3Options } from "./remote/s3.ts";
import { patienceOf, type Timeouts } from "./remote/timeouts.ts";
import type { Source } from "./source.ts";
import { asStored, asUploaded } from "./stored.ts";

/** One source, or several by the first part of the key. */
export interface OpenSourceOptions {
  readonly source: SourceLocation | undefined;
  readonly sources: readonly { readonly prefix: string; readonly source: SourceLocation }[];
  readonly s3: Omit<S3Options, "bucket" | "prefix">;
  /** For remote sources. */
  readonly timeouts: Timeouts;
  /** Stores the canaries of each source, by its name. */
  readonly canaries?: (name: string) => CanaryStore;
  /** Maximum bytes of an original that variants are made from; no more is read of an object with a coding or without a length. */
  readonly mostBytes?: number;
  /** For a folder: maximum age of a file's stat when a URL without `v` is answered, in milliseconds. */
  readonly checkMs?: number;
  /** Called when a source answers as if all its photographs were gone. */
  readonly onAway?: (problem: Problem) => void;
}

/** A source that is ready for use. */
export interface OpenSource {
  readonly source: Source;
  readonly policy: FreshnessPolicy;
  /** Keeps two sources apart in one cache. */
  readonly name: string;
  readonly list: List;
  readonly neighbours: ListSiblings;
}

/** A path that is not a folder; the message has the remedy. */
export class NoSource extends Repairable {}

/** @throws NoSource */
export async function openSource(options: OpenSourceOptions): Promise<OpenSource> {
  const { source, sources, checkMs = 0 } = options;
  const locations = source === undefined ? sources.map((one) => one.source) : [source];
  const policy = locations.every(({ kind }) => kind === "folder") ? folderPolicy(checkMs) : remotePolicy;
  if (source !== undefined) return { ...(await openOne(source, options)), policy, name: nameOf(source) };
  const opened = await Promise.all(
    sources.map(async (one) => ({ prefix: one.prefix, ...(await openOne(one.source, options)) })),
  );
  const name = sources.map((one) => `${one.prefix} ${nameOf(one.source)}`).join("\n");
  return {
    source: createPrefixSource(opened),
    list: listPrefixes(opened),
    neighbours: siblingsOf(opened),
    policy,
    name,
  };
}

// --- one location ---

type Opened = Pick<OpenSource, "source" | "list" | "neighbours">;

function withSiblings(source: Source, list: List): Opened {
  return { source, list, neighbours: siblingsFrom(list) };
}

async function openOne(
  location: SourceLocation,
  { s3, timeouts, canaries, onAway, mostBytes }: OpenSourceOptions,
): Promise<Opened> {
  const confirm = (source: Source): Source =>
    confirmAbsence(source, createCanaries(canaries?.(nameOf(location))), onAway);
  const retried = (source: Source): Source =>
    retrySource(confirm(source), { patienceMs: patienceOf(timeouts) });
  if (location.kind === "folder") {
    const path = resolve(location.path);
    const source = await openFolder(path, mostBytes);
    return withSiblings(confirm(asUploaded(asStored(source), mostBytes)), listFolder(path));
  }
  if (location.kind === "http")
    return withSiblings(retried(createHttpSource(location.base, timeouts, mostBytes)), noListing);
  const { bucket, prefix } = location;
  const source = await createS3Source({ ...s3, bucket, prefix }, timeouts, mostBytes);
  return withSiblings(retried(source), source.list);
}

async function noListing(): Promise<never> {
  throw new Problem("cannot-list");
}

async function openFolder(path: string, maxBytes: number | undefined): Promise<Source> {
  const stats = await stat(path).catch((error: unknown) => {
    const reason = error instanceof Error && "code" in error ? error.code : undefined;
    if (reason !== "EACCES" && reason !== "EPERM") return undefined;
    throw new NoSource(
      `SOURCE: the folder ${path} cannot be reached (${reason}): let the user ${process.getuid?.()} read it and the folders above it`,
    );
  });
  if (stats?.isFile() === true)
    throw new NoSource(`SOURCE: ${path} is a file, not a folder; name the folder that has the photographs`);
  if (stats?.isDirectory() !== true)
    throw new NoSource(`SOURCE: the folder ${path} does not exist; create it, or name another with --source`);
  return createFolderSource(path, { device: stats.dev, maxBytes });
}

/** Identifies the photographs, not the way to them: credentials and endpoints may change. */
function nameOf(location: SourceLocation): string {
  if (location.kind === "folder") return `folder ${resolve(location.path)}`;
  if (location.kind === "http") return withoutUser(location.base).href;
  return `s3://${location.bucket}/${location.prefix}`;
}

function withoutUser(base: URL): URL {
  const bare = new URL(base);
  bare.username = "";
  bare.password = "";
  return bare;
}
