import { statfs } from "node:fs/promises";
import { readReservations } from "../cache/reservations.ts";
import { readUsage } from "../cache/usage.ts";
import { type Amount, isBelowLowWater, type Limits } from "./watermarks.ts";

/** Whether a cache is below its low watermark, as far as its records tell. @throws the system's error */
export async function hasRoom(limits: Limits): Promise<boolean> {
  const { folder } = limits;
  const usage = (await readUsage(folder)) ?? { bytes: 0, files: 0, swept: 0 };
  return isBelowLowWater(await booksOf(folder, usage), limits, await statfs(folder));
}

/**
 * The size after the last sweep, and the writers' own count since then: they stop at 100 % of it, although replaced entries count
 * twice there. @throws the system's error
 */
export async function booksOf(folder: string, usage: Amount & { readonly swept: number }): Promise<Amount> {
  const claimed = await readReservations(folder, usage.swept);
  return { bytes: usage.bytes + claimed.bytes, files: usage.files + claimed.files };
}
