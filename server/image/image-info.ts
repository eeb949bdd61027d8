import type { ImageInfo } from "../../contract/info.ts";
import type { SourceRecord, SourceRecords } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import type { Clients } from "../concurrency/clients.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import type { Encoder, Lane } from "../encode/encoder.ts";
import { cacheControl, type FreshnessPolicy } from "../http/freshness.ts";
import type { Answer } from "../http/response.ts";
import { cacheStatus, etagOf } from "../http/response-headers.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Original, OriginalFetcher } from "./fetch-original.ts";

/** Information about photographs: from the record beside their variants, or by probing the original. */
export interface ImageInfos {
  find(key: string): Promise<SourceRecord | undefined>;
  /** Whether a record describes exactly this original as images look now. */
  isCurrent(record: SourceRecord, validator: string): boolean;
  /** Fetches and probes the original. @throws Problem as {@link OriginalFetcher} and {@link Encoder} do. */
  make(key: string, lane: Lane, clients: Clients, signal: AbortSignal): Promise<SourceRecord>;
}

export function createImageInfos(parts: {
  readonly records: SourceRecords;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly flights: SingleFlight<SourceRecord>;
  readonly background: Background;
  readonly learn: (key: string, validator: string) => void;
  /** The LOOK that records are made with. */
  readonly look: number;
}): ImageInfos {
  const { records, originals, encoder, flights, background, learn, look } = parts;

  async function inspect(
    key: string,
    work: { readonly lane: Lane; readonly clients: Clients; readonly signal: AbortSignal },
  ): Promise<SourceRecord> {
    const { original, release } = await originals.fetch(key, work.signal, work);
    try {
      return await describe(key, original, work);
    } finally {
      release();
    }
  }

  async function describe(
    key: string,
    original: Original,
    work: Parameters<Encoder["describe"]>[1],
  ): Promise<SourceRecord> {
    learn(key, original.validator);
    const description = await encoder.describe(original.body, work);
    const { validator, body } = original;
    const record = { ...description, validator, bytes: body.byteLength, look, checked: Date.now() };
    background.run("store a record", () => records.writeRecord(key, record));
    return record;
  }

  return {
    find: (key) => records.readRecord(key),
    isCurrent: (record, validator) => record.validator === validator && record.look >= look,
    // A reader must not wait behind the warm lane.
    make: (key, lane, clients, signal) =>
      flights.do(
        `${lane} ${key}`,
        signal,
        (signal, clients) => inspect(key, { lane, clients, signal }),
        clients,
      ),
  };
}

/** A record in its public form: the validator itself could reveal details of the storage. */
export function toInfo(key: string, record: SourceRecord): ImageInfo {
  const { width, height, type, bytes, frames, alpha, color, placeholder } = record;
  return {
    key,
    width,
    height,
    type,
    bytes,
    version: versionOf(record.validator),
    frames,
    alpha,
    ...(color !== undefined && { color }),
    ...(placeholder !== undefined && { placeholder }),
  };
}

/** `fm=json`. */
export function infoAnswer(of: {
  readonly key: string;
  readonly record: SourceRecord;
  readonly cache: CacheOutcome;
  /** `v` in the URL. */
  readonly asked: string | undefined;
  readonly policy: FreshnessPolicy;
}): Answer {
  const { key, record, cache, asked, policy } = of;
  const info = toInfo(key, record);
  const body = new TextEncoder().encode(`${JSON.stringify(info)}\n`);
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      etag: etagOf(body),
      "cache-control": cacheControl({ asked, version: info.version }, cache === "stale", policy),
      "cache-status": cacheStatus(cache),
    },
    body,
    note: { cache, key, variant: "json" },
  };
}
