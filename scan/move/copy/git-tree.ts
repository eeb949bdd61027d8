import { execFile } from "node:child_process";
import path from "node:path";
import { CannotRun } from "../../cannot-run.ts";
import { TEMPORARY } from "../../manifest.ts";

/** What git knows of a site's folder. Nothing here changes it, not even its index. */
export interface GitTree {
  /** Files that git has, relative to the site. */
  readonly tracked: ReadonlySet<string>;
  /** Files that differ from the last commit only on disk: changed or deleted. Relative to the site. */
  readonly changed: readonly string[];
  /** Anything else that a commit would contain: new files, and what is staged. As `git status` prints it. */
  readonly other: readonly string[];
  /** A file as a checkout of the last commit has it. */
  committed(file: string): Promise<Buffer>;
}

/**
 * @param variables the environment of git.
 * @param without a folder whose files do not count, absolute.
 * @returns undefined if the site is in no git repository, or git is not installed.
 */
export async function readGitTree(
  site: string,
  variables: Readonly<Record<string, string | undefined>>,
  without?: string,
): Promise<GitTree | undefined> {
  const env = { ...variables, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" };
  const git = (...args: readonly string[]) => runGit(site, args, env);
  const inside = await git("rev-parse", "--is-inside-work-tree").catch(() => undefined);
  if (inside?.toString().trim() !== "true") return undefined;
  const below = without === undefined ? ".." : path.relative(site, without);
  const isLeft = (file: string) =>
    !below.startsWith("..") && (file === below || file.startsWith(`${below}/`));
  const entries = entriesOf(
    await git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "."),
  );
  const prefix = (await git("rev-parse", "--show-prefix")).toString().trim();
  const status = entries
    .map((entry) => ({ state: entry.slice(0, 2), file: entry.slice(3 + prefix.length) }))
    .filter(({ file }) => !isLeft(file));
  const tracked = new Set(entriesOf(await git("ls-files", "-z")));
  // What a run leaves that was killed while it wrote a file.
  const isPart = ({ state, file }: { readonly state: string; readonly file: string }) =>
    state === "??" && tracked.has(file.replace(TEMPORARY, ""));
  const isOnDisk = ({ state }: { readonly state: string }) => state === " M" || state === " D";
  return {
    tracked,
    changed: status.filter(isOnDisk).map(({ file }) => file),
    other: status
      .filter((one) => !isOnDisk(one) && !isPart(one))
      .map(({ state, file }) => `${state} ${file}`),
    committed: (file) => git("cat-file", "--filters", `HEAD:./${file}`),
  };
}

// --- parts ---

function entriesOf(output: Buffer): string[] {
  return output
    .toString("utf8")
    .split("\0")
    .filter((entry) => entry !== "");
}

function runGit(site: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      "git",
      ["-C", site, ...args],
      { encoding: "buffer", env, maxBuffer: 2 ** 31 - 1 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(
            new CannotRun(`git ${args[0]} fails in ${site}: ${stderr.toString().trim() || error.message}`),
          );
      },
    );
  });
}
