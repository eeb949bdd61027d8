import { unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { lastUse } from "./classify.ts";
import type { Entries } from "./entries.ts";
import { lookAt } from "./walk.ts";
import type { Amount } from "./watermarks.ts";

export interface EvictOptions {
  /** The policy: the numbers of entries in the order of their deletion. */
  readonly order: (entries: Entries) => Uint32Array;
  /** The excess over the limits. */
  readonly excess: Amount;
  /** Loose entries that were last used before this time are always deleted. Milliseconds since 1970. */
  readonly idleBeforeMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface Evicted {
  readonly files: number;
  readonly bytes: number;
  /** Pinned entries among them. */
  readonly pinned: number;
  /** Entries that could not be deleted. */
  readonly failed: number;
  /** The earliest last use of the entries that stay, in milliseconds since 1970; infinite if none stays. */
  readonly oldestUsedMs: number;
}

/** Number of deletes between two checks of the signal. */
const BATCH = 64;

/**
 * Deletes in the order of the policy until there is no excess. Each file is checked again before, and stays if it was used or
 * replaced meanwhile. A file that is already gone counts as deleted, because a parallel sweep chose it too.
 *
 * The rate of deletes is not limited. They run one after the other, and each waits for the volume: on CephFS that is 185 a second
 * from one client, which leaves the MDS to others, and a flood must not be faster than its sweep.
 */
export async function evict(entries: Entries, options: EvictOptions): Promise<Evicted> {
  const { excess, idleBeforeMs, dryRun, signal } = options;
  const sum = { files: 0, bytes: 0, pinned: 0, failed: 0 };
  const isGone = new Uint8Array(entries.size);
  const isTooMuch = (): boolean => sum.bytes < excess.bytes || sum.files < excess.files;
  const isIdle = (at: number): boolean => !entries.isPinned(at) && entries.usedMs(at) < idleBeforeMs;
  let looks = 0;
  for (const at of isTooMuch() || entries.some(isIdle) ? options.order(entries) : []) {
    if (!isTooMuch() && !isIdle(at)) continue;
    if (++looks % BATCH === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    if (wasUsed(entries, at)) continue;
    if (!dryRun && !unlink(entries.folder(at), entries.name(at))) {
      sum.failed++;
      continue;
    }
    isGone[at] = 1;
    sum.files++;
    sum.bytes += entries.bytes(at);
    if (entries.isPinned(at)) sum.pinned++;
  }
  return { ...sum, oldestUsedMs: oldestOf(entries, isGone) };
}

/** @returns false if it cannot be deleted. */
export function unlink(folder: string, name: string): boolean {
  try {
    unlinkSync(`${folder}/${name}`);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

// --- helpers ---

/** Whether it was used or replaced after the walk. */
function wasUsed(entries: Entries, at: number): boolean {
  const now = lookAt(entries.folder(at), entries.name(at));
  if (now === undefined || lastUse(now) === entries.usedMs(at)) return false;
  entries.use(at, lastUse(now));
  return true;
}

function oldestOf(entries: Entries, isGone: Uint8Array): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < entries.size; at++)
    if (isGone[at] !== 1) oldest = Math.min(oldest, entries.usedMs(at));
  return oldest;
}
