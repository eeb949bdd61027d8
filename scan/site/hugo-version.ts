import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The oldest Hugo that the module supports; `min` in config.toml says the same. */
export const OLDEST_HUGO = "0.111.3";

/** The minor number of a Hugo that is newer than every rule in the scan. */
export const NEWEST_HUGO = 999;

/** `111` for "0.111.3", or undefined for text that is not a version of Hugo. */
export function parseHugoMinor(text: string): number | undefined {
  const match = /(?:^|\bv)0\.(\d+)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** In the order of versions: 0.9.0 before 0.111.3. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/**
 * The version of the `hugo` on PATH, such as `0.111.3`; undefined if there is none.
 * @param command another program, with arguments before `version`.
 */
export async function installedHugo([program = "hugo", ...args]: readonly string[] = []): Promise<
  string | undefined
> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args, "version"], { timeout: 10_000 });
    return /\bv(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
