import { createHash } from "node:crypto";
import { createLru } from "../concurrency/lru.ts";
import type { ByteRange } from "../http/range.ts";
import type { Body } from "./body.ts";

/** A source's facts about an object, without its body. */
export interface SourceStat {
  /** Changes whenever the bytes change: a strong ETag, else Last-Modified and length, else the content's hash. */
  readonly validator: string;
  /** Length of the whole object, also for a range. */
  readonly bytes: number;
  readonly modified?: Date;
}

export interface SourceObject extends SourceStat {
  /** Fails if it ends short of its length: it is whole or an error. Cancel it to release the connection. */
  readonly body: Body;
}

/**
 * Access to originals: a folder, an HTTP base URL, an S3 bucket. Keys are valid by contract/url/key.ts.
 * Both throw Problem. About the object: `source-absent`, `withheld-source`, `moved-source` or `bad-range`. About the source:
 * `source-misconfigured`, `source-failed`, `source-busy` or `source-timeout`.
 */
export interface Source {
  stat(key: string, signal: AbortSignal): Promise<SourceStat>;
  open(key: string, signal: AbortSignal, range?: ByteRange): Promise<SourceObject>;
}

/** `v` in a URL: the first 10 hex digits of SHA-256 over the validator. */
export function versionOf(validator: string): string {
  const known = versions.get(validator);
  if (known !== undefined) return known;
  const version = createHash("sha256").update(validator).digest("hex").slice(0, 10);
  versions.set(validator, version);
  return version;
}

/** A hit needs it several times, and the hash costs a tenth of a hit. */
const versions = createLru<string>(20_000);
