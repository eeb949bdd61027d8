import pMap from "p-map";
import type { ProbeAnswer, ProbeBody } from "../../contract/api.ts";
import type { MetaField } from "../../contract/meta.ts";
import type { SourceRecord } from "../cache/cache.ts";
import { publisher } from "../concurrency/clients.ts";
import type { Tuning } from "../encode/encoder.ts";
import { floorsOf } from "../encode/tuning.ts";
import { type ImageInfos, toInfo } from "../image/image-info.ts";
import type { Revalidation } from "../image/revalidate.ts";
import type { ListSiblings } from "../source/list/siblings.ts";
import { apiProblem } from "./failure.ts";

/** Photographs that are probed in parallel: the pool's warm slots limit the rest. */
const AT_ONCE = 8;

interface ProbeParts {
  readonly infos: ImageInfos;
  readonly revalidation: Revalidation;
  readonly neighbours: ListSiblings;
}

/**
 * The facts about each photograph that a scan needs. The source is asked about every one, because a probe is how a publish
 * notices that a photograph was replaced.
 */
export async function probeAll(
  parts: ProbeParts,
  body: ProbeBody,
  signal: AbortSignal,
): Promise<ProbeAnswer["images"]> {
  const fields = body.meta ?? [];
  const asked = { fields, ...(body.tune !== undefined && { tune: body.tune }) };
  const probeOne = async (key: string): Promise<[string, ProbeAnswer["images"][string]]> => {
    // A signal of its own: each piece of work listens to it, and Node reports more than ten listeners as a leak.
    const own = AbortSignal.any([signal]);
    try {
      return [key, toInfo(key, await probe(parts, key, asked, own), fields, body.tune)];
    } catch (error) {
      signal.throwIfAborted();
      const problem = apiProblem(error);
      const beside =
        body.neighbours === true && problem.code === "source-absent"
          ? // A bucket that may not be listed can still have photographs.
            await parts.neighbours(key, own).catch(() => [])
          : undefined;
      return [key, { problem, ...(beside !== undefined && { neighbours: beside }) }];
    }
  };
  return Object.fromEntries(await pMap(new Set(body.images), probeOne, { concurrency: AT_ONCE }));
}

async function probe(
  { infos, revalidation }: ProbeParts,
  key: string,
  { fields, tune: asked }: { readonly fields: readonly MetaField[]; readonly tune?: ProbeBody["tune"] },
  signal: AbortSignal,
): Promise<SourceRecord> {
  const { known = false, look = false, floor } = asked ?? { known: true };
  const tune = known ? undefined : { look, ...(floor !== undefined && { floor }) };
  const found = await infos.find(key);
  if (found !== undefined) {
    const { validator } = await revalidation.force(key, signal);
    if (infos.isCurrent(found, validator, fields) && isTuned(found, tune)) return found;
  }
  const work = { lane: "warm", clients: publisher, signal } as const;
  return infos.make(key, fields, { ...work, ...(tune !== undefined && { tune }) });
}

function isTuned(record: SourceRecord, tune: Tuning | undefined): boolean {
  if (tune === undefined) return true;
  const { look, floor } = tune;
  return (
    (!look || record.offsets !== undefined) && (floor === undefined || floorsOf(record, floor) !== undefined)
  );
}
