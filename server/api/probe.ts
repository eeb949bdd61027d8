import type { ProbeAnswer } from "../../contract/api.ts";
import type { SourceRecord } from "../cache/cache.ts";
import type { Checks } from "../checks.ts";
import { type Descriptions, toInfo } from "../info.ts";
import { apiProblem } from "./failure.ts";

/** Photographs looked at at once: the pool's warm slots bound the rest. */
const AT_ONCE = 8;

/**
 * What a scan must know of each photograph. The source is asked for every one: a probe is how a publish learns that a
 * photograph was replaced.
 */
export async function probeAll(
  parts: { readonly descriptions: Descriptions; readonly checks: Checks },
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ProbeAnswer["images"]> {
  const waiting = [...new Set(keys)];
  const images: [string, ProbeAnswer["images"][string]][] = [];
  const worker = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      try {
        images.push([key, toInfo(key, await probe(parts, key, signal))]);
      } catch (error) {
        signal.throwIfAborted();
        images.push([key, { problem: apiProblem(error) }]);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return Object.fromEntries(images);
}

async function probe(
  { descriptions, checks }: { readonly descriptions: Descriptions; readonly checks: Checks },
  key: string,
  signal: AbortSignal,
): Promise<SourceRecord> {
  const found = await descriptions.find(key);
  if (found !== undefined && (await checks.ask(key, signal)).validator === found.validator) return found;
  return descriptions.make(key, "warm", signal);
}
