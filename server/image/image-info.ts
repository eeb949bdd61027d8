import type { ImageInfo } from "../../contract/info.ts";
import { type MetaField, metaFields, type PublishedField, pickMeta } from "../../contract/meta.ts";
import { CENTRE } from "../../contract/url/crop.ts";
import type { SourceRecord, SourceRecords } from "../cache/cache.ts";
import type { Background } from "../concurrency/background.ts";
import type { Clients } from "../concurrency/clients.ts";
import type { SingleFlight } from "../concurrency/single-flight.ts";
import type { Encoder, Lane, Tuning } from "../encode/encoder.ts";
import { floorsOf, mergeCurves } from "../encode/tuning.ts";
import { bytesIn } from "../formats/pieces.ts";
import { cacheControl, type FreshnessPolicy } from "../http/freshness.ts";
import type { Answer } from "../http/response.ts";
import { cacheStatus, etagOf } from "../http/response-headers.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Original, OriginalFetcher } from "./fetch-original.ts";
import type { Known } from "./revalidate.ts";

/** Information about photographs: from the record beside their variants, or by probing the original. */
export interface ImageInfos {
  find(key: string): Promise<SourceRecord | undefined>;
  /** Whether a record describes exactly this original as images look now, and can answer for these fields of its metadata. */
  isCurrent(record: SourceRecord, validator: string, fields: readonly MetaField[]): boolean;
  /**
   * Fetches and probes the original.
   * @param fields of its metadata that the record must have.
   * @throws Problem as {@link OriginalFetcher} and {@link Encoder} do.
   */
  make(
    key: string,
    fields: readonly MetaField[],
    work: {
      readonly lane: Lane;
      readonly clients: Clients;
      readonly signal: AbortSignal;
      /** What is measured of it too. */
      readonly tune?: Tuning;
    },
  ): Promise<SourceRecord>;
}

function measuredIn({ offsets, curves }: SourceRecord): Pick<SourceRecord, "offsets" | "curves"> {
  return { ...(offsets !== undefined && { offsets }), ...(curves !== undefined && { curves }) };
}

/** A new record, with what another look at the same original has found meanwhile. */
function withLatest(record: SourceRecord, latest: SourceRecord | undefined): SourceRecord {
  if (latest?.validator !== record.validator || latest.look < record.look) return record;
  const curves = mergeCurves(latest.curves, record.curves);
  const meta = latest.located === true && record.located !== true ? latest.meta : undefined;
  return {
    ...measuredIn(latest),
    ...record,
    ...(curves !== undefined && { curves }),
    ...(meta !== undefined && { meta, located: true }),
    checked: Math.max(latest.checked, record.checked),
  };
}

/** One of an older server does not say how much of the picture exists, has no focus or no metadata, and most have no location. */
function tellsOf(
  { meta, whole, focus, located = false }: SourceRecord,
  fields: readonly MetaField[],
): boolean {
  if (whole === undefined || focus === undefined) return false;
  if (fields.includes("location")) return meta !== undefined && located;
  return fields.length === 0 || meta !== undefined;
}

export function createImageInfos(parts: {
  readonly records: SourceRecords;
  readonly originals: OriginalFetcher;
  readonly encoder: Encoder;
  readonly flights: SingleFlight<SourceRecord>;
  readonly background: Background;
  readonly learn: (key: string, answer: Known) => void;
  /** Deletes the crops of a source that name no focus: it has another one now. */
  readonly dropCrops: (key: string) => Promise<void>;
  /** The LOOK that records are made with. */
  readonly look: number;
}): ImageInfos {
  const { records, originals, encoder, flights, background, learn, dropCrops, look } = parts;

  async function inspect(
    key: string,
    work: Parameters<Encoder["describe"]>[1] & { readonly clients: Clients },
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
    learn(key, original);
    const { validator, checked, body } = original;
    const read = await records.readRecord(key);
    const before = read?.validator === validator ? read : undefined;
    // They are a property of the photograph, and cost more than the rest: a new description keeps them.
    const measured = before !== undefined && before.look >= look ? measuredIn(before) : {};
    const tune = work.tune && {
      ...work.tune,
      ...(measured.curves !== undefined && { known: measured.curves }),
    };
    const description = await encoder.describe(original.body, {
      ...work,
      ...(tune !== undefined && { tune }),
    });
    const { offsets, curves } = { ...measured, ...description };
    const located = work.fields?.includes("location") ?? false;
    const record = {
      ...description,
      ...(offsets !== undefined && { offsets }),
      ...(curves !== undefined && { curves }),
      located,
      validator,
      bytes: bytesIn(body),
      look,
      checked,
    };
    const isMoved = description.focus !== (before?.focus ?? CENTRE);
    background.run("store a record", async () => {
      await records.changeRecord(key, (latest) => withLatest(record, latest));
      if (isMoved) await dropCrops(key);
    });
    return record;
  }

  return {
    find: (key) => records.readRecord(key),
    isCurrent: (record, validator, fields) =>
      record.validator === validator && record.look >= look && tellsOf(record, fields),
    // A reader must not wait behind the warm lane.
    make: (key, asked, { lane, clients, signal, tune }) => {
      const isLocated = asked.includes("location");
      // All fields that may be asked for later are read now, because the decode is the expensive part.
      const fields = metaFields.filter((field) => field !== "location" || isLocated);
      return flights.do(
        `${lane} ${isLocated} ${JSON.stringify(tune)} ${key}`,
        signal,
        (signal, clients) =>
          inspect(key, { lane, clients, signal, fields, ...(tune !== undefined && { tune }) }),
        clients,
      );
    },
  };
}

/**
 * A record in its public form: the validator itself could reveal details of the storage.
 * @param fields of its metadata that are shown.
 * @param tune shows what has been measured of it, and the lowest `q` that reach the floor.
 */
export function toInfo(
  key: string,
  record: SourceRecord,
  fields: readonly (MetaField | PublishedField)[],
  tune?: Pick<Tuning, "floor">,
): ImageInfo {
  const { width, height, type, bytes, frames, alpha, color, placeholder, whole = 100, focus } = record;
  const { offsets, curves } = record;
  const floors = tune?.floor === undefined ? undefined : floorsOf(record, tune.floor);
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
    ...(whole < 100 && { damaged: whole }),
    ...(focus !== undefined && { focus }),
    ...(offsets !== undefined && { offsets }),
    ...(floors !== undefined && { floors }),
    ...(tune !== undefined && curves !== undefined && { curves }),
    ...(fields.length > 0 && { meta: pickMeta(record.meta ?? {}, fields) }),
  };
}

/** `fm=json`. */
export function infoAnswer(of: {
  readonly key: string;
  readonly record: SourceRecord;
  readonly fields: readonly PublishedField[];
  readonly cache: CacheOutcome;
  /** `v` in the URL. */
  readonly asked: string | undefined;
  readonly policy: FreshnessPolicy;
}): Answer {
  const { key, record, fields, cache, asked, policy } = of;
  const info = toInfo(key, record, fields);
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
