import { type StatsFs, statfsSync } from "node:fs";

export interface Amount {
  readonly bytes: number;
  readonly files: number;
}

/** The limits of a cache. */
export interface Limits {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Bytes that stay free on the volume. */
  readonly minFreeBytes: number;
  /** A writer found the volume full. If the volume does not report its size, a tenth is deleted, whatever the limits. */
  readonly volumeIsFull?: boolean;
}

/** Above the high watermark entries are deleted down to the low one: that leaves some room, and the next sweep is not soon. */
const HIGH_WATER = 0.9;
export const LOW_WATER = 0.8;

/** Whether this size is above the high watermark. */
export function isAboveHighWater(have: Amount, limits: Limits): boolean {
  return (
    have.bytes > HIGH_WATER * limits.maxBytes ||
    have.files > HIGH_WATER * limits.maxFiles ||
    missingFreeBytes(limits) > 0
  );
}

/** Whether this size is below the low watermark, and enough is free on the volume. */
export function isBelowLowWater(have: Amount, limits: Limits, volume: StatsFs): boolean {
  return (
    have.bytes <= LOW_WATER * limits.maxBytes &&
    have.files <= LOW_WATER * limits.maxFiles &&
    missingOf(volume, limits.minFreeBytes) === 0
  );
}

/** The excess of this size: nothing below the high watermark, otherwise all above the low one. */
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

/** Bytes to free, so that enough is free. */
export function missingFreeBytes({ folder, minFreeBytes }: Pick<Limits, "folder" | "minFreeBytes">): number {
  return minFreeBytes === 0 ? 0 : missingOf(statfsSync(folder), minFreeBytes);
}

export function tellsNoSize(folder: string): boolean {
  return hasNoSize(statfsSync(folder));
}

function missingOf(volume: StatsFs, minFreeBytes: number): number {
  return hasNoSize(volume) ? 0 : Math.max(0, minFreeBytes - volume.bavail * volume.bsize);
}

/** A volume of 0 blocks is not full: CephFS reports that without a manager, and below a folder with a quota. */
function hasNoSize({ blocks }: StatsFs): boolean {
  return blocks === 0;
}
