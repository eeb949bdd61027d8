import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent, publish } from "./files.ts";
import type { WithVolume } from "./volume-limiter.ts";

const CANARIES_FOLDER = "canaries";

/** Readable keys of one source, in a file beside the entries that no sweep deletes. */
export interface CanaryFile {
  /** Empty if the file does not exist or is not valid. @throws VolumeHung, the system's error */
  read(): Promise<readonly string[]>;
  /** Best effort: the volume may be full or hung. */
  write(keys: readonly string[]): Promise<void>;
}

/** @param source name that keeps two sources apart in one cache. */
export function createCanaryFile(folder: string, source: string, withVolume: WithVolume): CanaryFile {
  const name = createHash("sha256").update(source).digest("hex").slice(0, 32);
  return {
    async read() {
      try {
        const path = join(folder, CANARIES_FOLDER, name);
        return parseKeys(await withVolume("read", () => readFile(path, "utf8")));
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
    async write(keys) {
      const bytes = Buffer.from(JSON.stringify(keys));
      await withVolume("write", () => publish(folder, [CANARIES_FOLDER, name], bytes, new Date())).catch(
        () => undefined,
      );
    },
  };
}

function parseKeys(text: string): readonly string[] {
  try {
    const keys: unknown = JSON.parse(text);
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}
