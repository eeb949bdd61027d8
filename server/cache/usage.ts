import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseFields } from "./fields.ts";
import { publish } from "./files.ts";

/** What the last sweep left: writers keep to their budget by it, and the next look knows when a sweep was. */
export interface Usage {
  readonly bytes: number;
  readonly files: number;
  /** Milliseconds since 1970. */
  readonly swept: number;
}

const USAGE_FILE = "usage.json";

/** undefined when there was no sweep yet, or its note is not legible. */
export async function readUsage(folder: string): Promise<Usage | undefined> {
  const text = await readFile(join(folder, USAGE_FILE), "utf8").catch(() => "");
  const fields = parseFields(text);
  const [bytes, files, swept] = [fields?.count("bytes"), fields?.count("files"), fields?.count("swept")];
  return bytes === undefined || files === undefined || swept === undefined
    ? undefined
    : { bytes, files, swept };
}

/** @throws the system's error */
export async function writeUsage(folder: string, usage: Usage): Promise<void> {
  await publish(folder, [USAGE_FILE], Buffer.from(JSON.stringify(usage)), new Date(usage.swept));
}
