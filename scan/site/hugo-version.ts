import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The minor number of a Hugo that is newer than every rule in the scan. */
export const NEWEST_HUGO = 999;

/** `111` for "0.111.3", or undefined for text that is not a version of Hugo. */
export function parseHugoMinor(text: string): number | undefined {
  const match = /(?:^|\bv)0\.(\d+)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** The version of the `hugo` on PATH; the newest if there is none. */
export async function installedHugoMinor(): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)("hugo", ["version"], { timeout: 10_000 });
    return parseHugoMinor(stdout) ?? NEWEST_HUGO;
  } catch {
    return NEWEST_HUGO;
  }
}
