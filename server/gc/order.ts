import type { Entries } from "./entries.ts";

/**
 * The policy of the cache: the numbers of its entries in the order of their deletion. To use another policy, replace only this
 * function.
 *
 * Least recently used first, and pinned entries after all others. Entries of equal time are ordered by name, so that parallel
 * sweeps choose the same ones.
 */
export function order(entries: Entries): Uint32Array {
  const usedMs = new Float64Array(entries.size);
  const numbers = { loose: new Uint32Array(entries.size), pinned: new Uint32Array(entries.size) };
  const counts = { loose: 0, pinned: 0 };
  for (let at = 0; at < entries.size; at++) {
    usedMs[at] = entries.usedMs(at);
    const rank = entries.isPinned(at) ? "pinned" : "loose";
    numbers[rank][counts[rank]++] = at;
  }
  const byUse = (a: number, b: number): number =>
    (usedMs[a] ?? 0) - (usedMs[b] ?? 0) || entries.compareNames(a, b);
  const ordered = new Uint32Array(entries.size);
  ordered.set(numbers.loose.subarray(0, counts.loose).sort(byUse));
  ordered.set(numbers.pinned.subarray(0, counts.pinned).sort(byUse), counts.loose);
  return ordered;
}
