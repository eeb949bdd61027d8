import pMap from "p-map";
import type { ProbeAnswer, ProbeBody } from "../../contract/api.ts";
import type { MetaField } from "../../contract/meta.ts";
import type { SourceRecord } from "../cache/cache.ts";
import { publisher } from "../concurrency/clients.ts";
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
  const tune = body.tune === "look";
  const probeOne = async (key: string): Promise<[string, ProbeAnswer["images"][string]]> => {
    // A signal of its own: each piece of work listens to it, and Node reports more than ten listeners as a leak.
    const own = AbortSignal.any([signal]);
    try {
      return [key, toInfo(key, await probe(parts, key, { fields, tune }, own), fields)];
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
  { fields, tune }: { readonly fields: readonly MetaField[]; readonly tune: boolean },
  signal: AbortSignal,
): Promise<SourceRecord> {
  const found = await infos.find(key);
  if (found !== undefined) {
    const { validator } = await revalidation.force(key, signal);
    if (infos.isCurrent(found, validator, fields) && (!tune || found.offsets !== undefined)) return found;
  }
  return infos.make(key, fields, { lane: "warm", clients: publisher, signal, tune });
}
