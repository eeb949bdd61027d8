import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { deserialize, serialize } from "node:v8";
import { projectRoot } from "./paths.ts";

/** What a run has measured, on disk: a run that was ended goes on there. Only for what is the same in every run, such as bytes and scores. */
export interface Kept {
  /**
   * @param what names the measurement, with everything that it depends on apart from the code.
   * @returns what was measured before, else the result of `measure`. @throws Error if the kept file cannot be read.
   */
  once<Result>(what: unknown, measure: () => Promise<Result>): Promise<Result>;
}

/** Nothing is kept. */
export const nothingKept: Kept = { once: (_, measure) => measure() };

/**
 * What was measured by the same code; what other code has measured is deleted.
 * @param folder is made. @param code files and folders that the results depend on.
 */
export async function openKept(
  folder: string = path.join(projectRoot, ".cache", "bench", "kept"),
  code: readonly string[] = picturesCode,
): Promise<Kept> {
  const name = await hashOfAll(code);
  const own = path.join(folder, name);
  await mkdir(own, { recursive: true });
  for (const other of await readdir(folder))
    if (other !== name) await rm(path.join(folder, other), { recursive: true });
  return {
    once: async <Result>(what: unknown, measure: () => Promise<Result>): Promise<Result> => {
      const file = path.join(own, createHash("sha256").update(serialize(what)).digest("hex"));
      const kept = await readFile(file).catch((error: { code?: unknown }) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (kept !== undefined) return read(file, kept);
      const result = await measure();
      await writeFile(`${file}.part`, serialize(result));
      await rename(`${file}.part`, file);
      return result;
    },
  };
}

function read<Result>(file: string, kept: Uint8Array): Result {
  try {
    return deserialize(kept);
  } catch (error) {
    throw new Error(`${file} is no kept measurement; delete it, and it is measured again`, { cause: error });
  }
}

/** Everything that makes and judges pictures, ours and others'. */
const picturesCode = [
  "dist/server/encode/child",
  "dist/bench/tools/look",
  "dist/bench/peers",
  "package-lock.json",
].map((name) => path.join(projectRoot, name));

async function hashOfAll(code: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const one of code)
    for (const file of await filesBelow(one)) hash.update(`${file}\n`).update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

/** The file itself, or those of the folder. */
async function filesBelow(one: string): Promise<string[]> {
  const entries = await readdir(one, { recursive: true, withFileTypes: true }).catch(
    (error: { code?: unknown }) => {
      if (error.code === "ENOTDIR") return undefined;
      throw error;
    },
  );
  if (entries === undefined) return [one];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
