import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readText } from "../../read-text.ts";
import type { ConfigSource } from "../config/config.ts";

/**
 * The folder of a Go module that the site's go.mod requires, or of its replacement in go.mod. It does not run `go`: a module
 * that only another module requires is not found.
 * @param cacheDir from the site's configuration.
 */
export async function goModuleFolder(
  name: string,
  { folder, variables }: Pick<ConfigSource, "folder" | "variables">,
  cacheDir: string | undefined,
): Promise<string | undefined> {
  const goMod = await readText(path.join(folder, "go.mod")).catch(() => "");
  const replaced = replacement(goMod, name);
  if (replaced?.version === undefined && replaced !== undefined) return path.resolve(folder, replaced.path);
  const version = replaced?.version ?? required(goMod, name);
  if (version === undefined) return undefined;
  const below = path.join(
    "modules/filecache/modules/pkg/mod",
    `${escaped(replaced?.path ?? name)}@${version}`,
  );
  const home = variables.XDG_CACHE_HOME || path.join(variables.HOME ?? "", ".cache");
  const roots = [cacheDir, path.join(home, "hugo_cache"), path.join(tmpdir(), "hugo_cache")];
  for (const root of roots) {
    const candidate = path.resolve(folder, root ?? "", below);
    if (root !== undefined && (await exists(candidate))) return candidate;
  }
  return undefined;
}

// --- go.mod ---

function required(goMod: string, name: string): string | undefined {
  return lines(goMod, name, /\s+(v\S+)/)?.[1];
}

/** A path that begins with `.` or `/` is a folder; any other path is a module with a version. */
function replacement(goMod: string, name: string) {
  const found = lines(goMod, name, /(?:\s+v\S+)?\s+=>\s+(\S+)(?:\s+(v\S+))?/);
  return found === null ? undefined : { path: found[1] ?? "", version: found[2] };
}

function lines(goMod: string, name: string, rest: RegExp): RegExpExecArray | null {
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^(?:\\s*(?:require|replace))?\\s*${quoted}${rest.source}\\s*(?://.*)?$`, "m").exec(
    goMod,
  );
}

/** Capitals as the module cache escapes them. */
function escaped(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
