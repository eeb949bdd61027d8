import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseFields } from "./fields.ts";
import { publish } from "./files.ts";

/** Size of the cache after the last sweep, for the writers' quota, and when that sweep was. */
export interface Usage {
  readonly bytes: number;
  readonly files: number;
  /** When it ended, in milliseconds since 1970. */
  readonly swept: number;
  /** How long it took, in milliseconds: it may have missed entries that were stored meanwhile. */
  readonly tookMs: number;
}

const USAGE_FILE = "usage.json";

/** undefined if there was no sweep yet, or its record is not valid. */
export async function readUsage(folder: string): Promise<Usage | undefined> {
  const text = await readFile(join(folder, USAGE_FILE), "utf8").catch(() => "");
  const fields = parseFields(text);
  const [bytes, files, swept] = [fields?.count("bytes"), fields?.count("files"), fields?.count("swept")];
  if (bytes === undefined || files === undefined || swept === undefined) return undefined;
  return { bytes, files, swept, tookMs: fields?.count("tookMs") ?? 0 };
}

/** @throws the system's error */
export async function writeUsage(folder: string, usage: Usage): Promise<void> {
  await publish(folder, [USAGE_FILE], Buffer.from(JSON.stringify(usage)), new Date(usage.swept));
}
