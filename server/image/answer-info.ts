import { fieldsOf, type PublishedField } from "../../contract/meta.ts";
import type { ImageRequest } from "../../contract/url/request.ts";
import type { SourceRecord } from "../cache/cache.ts";
import { type FreshnessPolicy, nextCheck } from "../http/freshness.ts";
import { afterPreconditions } from "../http/preconditions.ts";
import type { Answer } from "../http/response.ts";
import { versionOf } from "../source/source.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";
import type { Access } from "./access.ts";
import type { ImageCall } from "./image.ts";
import { type ImageInfos, infoAnswer } from "./image-info.ts";
import { type NegativeCache, wantedBy } from "./negative-cache.ts";
import { isServedStale, newer, type Revalidation } from "./revalidate.ts";

/** Answers `fm=json`, by the rules of freshness that image.ts has for a variant. */
export interface InfoAnswers {
  answer(call: ImageCall, asked: ImageRequest): Promise<Answer>;
}

export function createInfoAnswers(parts: {
  readonly access: Access;
  readonly infos: ImageInfos;
  readonly revalidation: Revalidation;
  readonly negative: NegativeCache;
  readonly policy: FreshnessPolicy;
  readonly isBusy: () => boolean;
  /** The fields of a photograph's metadata, which everyone can read. */
  readonly meta: readonly PublishedField[];
}): InfoAnswers {
  const { access, infos, revalidation, negative, policy, isBusy, meta } = parts;
  const fields = fieldsOf(meta);

  async function answer(call: ImageCall, asked: ImageRequest): Promise<Answer> {
    const { record, cache } = await findRecord(call, asked);
    const made = infoAnswer({ key: asked.key, record, fields: meta, cache, asked: asked.version, policy });
    return afterPreconditions(made, call.headers);
  }

  async function findRecord(
    call: ImageCall,
    asked: ImageRequest,
  ): Promise<{ readonly record: SourceRecord; readonly cache: CacheOutcome }> {
    const { key } = asked;
    const found = await infos.find(key);
    if (found === undefined) return { record: await describe(call, asked), cache: "miss" };
    try {
      const known = newer(revalidation.known(key), found);
      const freshness = { asked: asked.version, version: versionOf(known.validator) };
      const { leftMs, comesFirst } = nextCheck(freshness, known.checked, policy);
      const isDue = leftMs === 0;
      if (isDue && !comesFirst) revalidation.inBackground(key);
      const { validator } = isDue && comesFirst ? await revalidation.now(key, call.signal()) : known;
      if (infos.isCurrent(found, validator, fields)) return { record: found, cache: "hit" };
      if (found.validator === validator && isBusy()) return { record: found, cache: "stale" };
      return { record: await describe(call, asked), cache: "miss" };
    } catch (error) {
      if (!isServedStale(error)) throw error;
      return { record: found, cache: "stale" };
    }
  }

  function describe(call: ImageCall, asked: ImageRequest): Promise<SourceRecord> {
    return negative.attempt(wantedBy(asked, "json"), async () => {
      const clients = access.charge(asked, call.client());
      return infos.make(asked.key, fields, { lane: "live", clients, signal: call.signal() });
    });
  }

  return { answer };
}
