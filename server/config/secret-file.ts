import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Setting } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text of a secret: of its variable, or of the file that the variable with `_FILE` behind it names, as it is when this
 * is called. Kubernetes mounts an optional Secret that is not there as an empty folder: a file that is missing in a
 * folder that is there is then no secret.
 * @returns undefined where neither is set.
 * @throws Error for both, and for a file that cannot be read or is empty: what to do, in words that begin with a name.
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
    throw new Error(`${name}: ${file} cannot be read (${code}); name a file that this user may read`);
  }
}
