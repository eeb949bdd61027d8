import { Repairable } from "../errors.ts";
import { errorNumbers } from "./files.ts";

/** A folder that cannot be used as the cache; the message is one sentence with the reason and the remedy. */
export class CannotCache extends Repairable {
  constructor(folder: string, cause: unknown, what = "cannot be used") {
    super(
      `CACHE_DIR: ${folder} ${what}: ${reasonFor(cause)}; name another folder with --cache, or make this one usable for user ${user}`,
      { cause },
    );
  }
}

/** The same of a folder that only cannot be written. */
export function cannotWrite(folder: string, cause: unknown): string {
  return new CannotCache(folder, cause, "cannot be written").message;
}

function reasonFor(error: unknown): string {
  const code = String(errorNumbers(error).code);
  const known = reasons.get(code);
  if (known !== undefined) return `${known} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

const user = process.getuid?.() ?? "of this process";

const reasons: ReadonlyMap<string, string> = new Map([
  ["EEXIST", "it is a file, not a folder"],
  ["ENOTDIR", "a file is where a folder should be"],
  ["ENOENT", "it does not exist and cannot be created"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "its volume is read-only"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENOSPC", "its volume is full"],
]);
