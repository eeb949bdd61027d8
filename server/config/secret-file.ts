import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Setting } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a secret: from its variable, or from the file that its variable with `_FILE` names, at the time of the call. Kubernetes
 * mounts an optional Secret that does not exist as an empty folder: a missing file in an existing folder means no secret.
 * @returns undefined if neither is set.
 * @throws Error if both are set, or if a file cannot be read or is empty: a message with the remedy that begins with a name.
 */
export function readSecret({ name, secret }: Setting<unknown>, env: Environment): string | undefined {
  const fileName = `${name}_FILE`;
  const [given, file] = [env[name]?.trim() || undefined, env[fileName]?.trim() || undefined];
  if (file === undefined) return given;
  if (given !== undefined) throw new Error(`${name} and ${fileName} are both set; keep one`);
  const text = read(file, fileName, secret === "optional");
  if (text === "")
    throw new Error(`${fileName}: ${file} is empty; write ${name} into it, or unset ${fileName}`);
  return text;
}

function read(file: string, name: string, mayBeAbsent: boolean): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" && mayBeAbsent && existsSync(dirname(file))) return undefined;
    throw new Error(`${name}: ${file} cannot be read (${code}); name a file that this user can read`);
  }
}
