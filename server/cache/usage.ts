import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { object, whole } from "../../contract/schema.ts";
import { publish } from "./files.ts";
import { accepted, parseObject } from "./json.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);

/** Size of the cache after the last sweep, for the writers' quota, and when that sweep was. */
const usage = object({
  bytes: count,
  files: count,
  /** When it ended, in milliseconds since 1970. */
  swept: count,
  /** How long it took, in milliseconds: it may have missed entries that were stored meanwhile. */
  tookMs: v.optional(count, 0),
  /** Since when the clock of the sweeps runs evenly, in milliseconds since 1970. Earlier versions do not write it. */
  steady: v.optional(count),
});
export type Usage = v.InferOutput<typeof usage>;

const USAGE_FILE = "usage.json";

/** undefined if there was no sweep yet, or its record is not valid. */
export async function readUsage(folder: string): Promise<Usage | undefined> {
  const text = await readFile(join(folder, USAGE_FILE), "utf8").catch(() => "");
  return accepted(usage, parseObject(text));
}

/** @throws the system's error */
export async function writeUsage(folder: string, usage: Usage): Promise<void> {
  await publish(folder, [USAGE_FILE], Buffer.from(JSON.stringify(usage)), new Date(usage.swept));
}
