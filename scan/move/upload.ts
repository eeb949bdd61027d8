import pMap from "p-map";
import { formatBytes } from "../counted.ts";
import type { Progress } from "../progress.ts";
import type { Photograph } from "./choose.ts";
import { isSame } from "./target/content.ts";
import type { Target } from "./target/target.ts";

export interface UploadOptions {
  /** Parallel uploads. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** The result of an upload. */
export interface Uploaded {
  /** Names of photographs that were not there before. */
  readonly stored: ReadonlySet<string>;
  /** Photographs whose key has something else, by their name, with a message. */
  readonly conflicts: ReadonlyMap<string, string>;
}

/**
 * Stores each photograph under its key, then reads all of them back. Nothing that is there is replaced.
 * @throws CannotRun; the signal's reason. What was stored stays, and the next call continues there.
 */
export async function uploadAll(
  photographs: readonly Photograph[],
  target: Target,
  { concurrency, signal, progress }: UploadOptions,
): Promise<Uploaded> {
  const stored = new Set<string>();
  const conflicts = new Map<string, string>();
  progress.start("uploading", photographs.length);
  await pMap(
    photographs,
    async (photograph) => {
      if ((await target.put(photograph.key, photograph, signal)) === "stored") stored.add(photograph.name);
      progress.advance();
    },
    { concurrency, signal },
  ).finally(() => progress.end());
  progress.start("reading back", photographs.length);
  await pMap(
    photographs,
    async (photograph) => {
      const there = await target.read(photograph.key, signal);
      if (there === undefined)
        conflicts.set(photograph.name, `${photograph.key} is not in ${target.name}, although it was stored`);
      else if (!isSame(there, photograph))
        conflicts.set(
          photograph.name,
          `${photograph.key} in ${target.name} is another file (${formatBytes(there.bytes)}, ${photograph.name} has ${formatBytes(photograph.bytes)}), and was not replaced: rename one of them, or give --keep`,
        );
      progress.advance();
    },
    { concurrency, signal },
  ).finally(() => progress.end());
  return { stored, conflicts };
}
