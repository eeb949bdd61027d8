import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { headCommit, writeCommit } from "./git-files.ts";
import type { Packages, Repository, Theme } from "./themes.ts";

const run = promisify(execFile);

/** A theme on this machine. */
export interface Obtained {
  readonly folder: string;
  /** A name for people, such as a commit with its date. */
  readonly version: string;
  /** Files that are missing in the copy. */
  readonly absent: readonly string[];
  /** Whether the folder is to be the site's `node_modules`. */
  readonly isNodeModules?: boolean;
}

/** The reason why a theme cannot be fetched on this machine. */
export class NotObtained extends Error {}

/**
 * A theme's files: from a folder of checkouts or bare repositories, else as a Hugo module by Go.
 * @param folder the value of `--themes`.
 * @param cache a folder that keeps copies between runs.
 * @throws NotObtained with everything that was tried.
 */
export async function obtainTheme(
  { name, from, needs }: Theme,
  folder: string | undefined,
  cache: string,
): Promise<Obtained> {
  if (needs !== undefined && !(await isOnPath(needs)))
    throw new NotObtained(`it needs ${needs}, which is not on PATH`);
  return "npm" in from
    ? await byNpm(name, from, cache)
    : await obtainRepository({ name, ...from }, folder, cache);
}

async function isOnPath(program: string): Promise<boolean> {
  return await run(program, ["--version"]).then(
    () => true,
    () => false,
  );
}

type NamedRepository = Repository & Pick<Theme, "name">;

async function obtainRepository(
  theme: NamedRepository,
  folder: string | undefined,
  cache: string,
): Promise<Obtained> {
  const tried: string[] = [];
  if (folder !== undefined) {
    const found = await findRepository(folder, theme);
    if (found !== undefined) return await copyOf(found, theme, cache);
    tried.push(`${folder} has no folder named like ${theme.repository}`);
  }
  try {
    return await byGo(theme, cache);
  } catch (error) {
    tried.push(`Go: ${reasonOf(error)}`);
  }
  throw new NotObtained(tried.join("; "));
}

// --- from a folder ---

interface Copy {
  readonly folder: string;
  readonly bare: boolean;
}

/** `<name>`, `<owner>+<name>`, `<owner>/<name>`, or a repository one or two levels below such a folder. */
async function findRepository(root: string, theme: NamedRepository): Promise<Copy | undefined> {
  const [owner = "", name = ""] = theme.repository.toLowerCase().split("/");
  const wanted = new Set([name, `${owner}+${name}`, `${owner}-${name}`, `${owner}_${name}`]);
  for (const first of await folders(root)) {
    const isOwner = path.basename(first).toLowerCase() === owner;
    const candidates = isOwner ? await folders(first) : [first];
    for (const candidate of candidates) {
      if (
        !wanted.has(
          path
            .basename(candidate)
            .toLowerCase()
            .replace(/\.git$/, ""),
        )
      )
        continue;
      for (const below of [candidate, ...(await folders(candidate))]) {
        const found = await repositoryAt(below);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

async function repositoryAt(folder: string): Promise<Copy | undefined> {
  const names = new Set(await readdir(folder));
  if (names.has("HEAD") && names.has("objects")) return { folder, bare: true };
  if (names.has("layouts") || names.has("theme.toml")) return { folder, bare: false };
  return undefined;
}

async function folders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(root, name));
}

async function copyOf({ folder, bare }: Copy, theme: NamedRepository, cache: string): Promise<Obtained> {
  if (!bare) {
    const commit = await headCommit(folder).catch(() => "");
    return { folder, version: commit.slice(0, 10) || "checkout", absent: [] };
  }
  const commit = await headCommit(folder);
  const copy = path.join(cache, `${theme.name}-${commit.slice(0, 10)}`);
  let absent: string[] = [];
  if (!(await exists(copy))) {
    const part = `${copy}.part`;
    await rm(part, { recursive: true, force: true });
    absent = await writeCommit(folder, commit, part);
    await rename(part, copy);
  }
  const { stdout } = await run("git", ["-C", folder, "log", "-1", "--format=%cs", commit]);
  return { folder: copy, version: `${commit.slice(0, 10)} of ${stdout.trim()}`, absent };
}

// --- from npm ---

async function byNpm(name: string, { npm }: Packages, cache: string): Promise<Obtained> {
  const version = npm[0] ?? "";
  const folder = path.join(cache, `${name}-${version.split("@").at(-1)}`);
  if (!(await exists(folder))) {
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", part, ...npm];
    await run("npm", args, { cwd: part }).catch((error: unknown) => {
      throw new NotObtained(`npm: ${reasonOf(error)}`);
    });
    await rename(part, folder);
  }
  return { folder: path.join(folder, "node_modules"), version, absent: [], isNodeModules: true };
}

// --- by Go ---

/** At a commit that this was tried with. */
async function byGo(theme: NamedRepository, cache: string): Promise<Obtained> {
  await mkdir(cache, { recursive: true });
  const { stdout } = await run(
    "go",
    ["mod", "download", "-json", `github.com/${theme.repository}@${theme.commit}`],
    {
      cwd: cache,
      env: { ...process.env, GOFLAGS: "-mod=mod", GOWORK: "off" },
    },
  );
  const { Dir, Version }: { Dir?: string; Version?: string } = JSON.parse(stdout);
  if (Dir === undefined) throw new Error("no folder");
  return { folder: Dir, version: Version ?? "", absent: [] };
}

/** With `-json`, Go says why on stdout. */
function reasonOf(error: unknown): string {
  const {
    stdout = "",
    stderr = "",
    message = String(error),
  }: { stdout?: string; stderr?: string; message?: string } = Object(error);
  // A JSON string, whose last line says most.
  const said = /"Error": ("(?:[^"\\]|\\.)*")/.exec(stdout)?.[1];
  const words: string = said === undefined ? stderr || message : JSON.parse(said);
  return words.trim().split("\n").at(-1)?.trim() ?? "";
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
