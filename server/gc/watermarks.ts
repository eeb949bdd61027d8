import { statfsSync } from "node:fs";

export interface Amount {
  readonly bytes: number;
  readonly files: number;
}

/** What bounds a cache. */
export interface Limits {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Bytes to leave free on the volume. */
  readonly minFreeBytes: number;
  /** A writer met a full volume. Where the volume does not tell its size, a tenth goes whatever the limits say. */
  readonly volumeIsFull?: boolean;
}

/** Above the high water entries go until the low water: a little headroom, and no sweep a minute later. */
const HIGH_WATER = 0.9;
const LOW_WATER = 0.8;

/** Whether so much is above the high water. */
export function isAboveHighWater(have: Amount, limits: Limits): boolean {
  return (
    have.bytes > HIGH_WATER * limits.maxBytes ||
    have.files > HIGH_WATER * limits.maxFiles ||
    missingFreeBytes(limits) > 0
  );
}

/** How much is to go of so much: nothing below the high water, else all that is above the low one. */
export function excessOf(have: Amount, limits: Limits): Amount {
  const above = (amount: number, most: number) =>
    amount > HIGH_WATER * most ? amount - LOW_WATER * most : 0;
  const tenth = limits.volumeIsFull && tellsNoSize(limits.folder) ? have.bytes / 10 : 0;
  return {
    bytes: Math.max(above(have.bytes, limits.maxBytes), missingFreeBytes(limits), tenth),
    files: above(have.files, limits.maxFiles),
  };
}

// --- the volume ---

/** Bytes to free until as much is free as should be. */
function missingFreeBytes({ folder, minFreeBytes }: Limits): number {
  if (minFreeBytes === 0 || tellsNoSize(folder)) return 0;
  const { bavail, bsize } = statfsSync(folder);
  return Math.max(0, minFreeBytes - bavail * bsize);
}

/** A volume of 0 blocks is not full: CephFS says so without a manager, and below a folder with a quota. */
function tellsNoSize(folder: string): boolean {
  return statfsSync(folder).blocks === 0;
}
