import { realpath } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { readPosts } from "../content/posts.ts";
import { diagnoseModule } from "../doctor/hooks.ts";
import type { Change } from "../init/change.ts";
import { readManifest } from "../manifest.ts";
import { manifestNames, openSite } from "../open-site.ts";
import type { Progress } from "../progress.ts";
import type { Site, SiteOptions } from "../site/site.ts";
import { applyMove } from "./apply.ts";
import { choosePhotographs, type Photograph } from "./choose.ts";
import { BuildFailed, buildInto } from "./copy/build.ts";
import { type GitTree, readGitTree } from "./copy/git-tree.ts";
import { copySite } from "./copy/site-copy.ts";
import { localPhotos } from "./local-files.ts";
import { mentions } from "./mentions.ts";
import type { MoveCommand } from "./options.ts";
import { shownPictures } from "./shown.ts";
import type { Target } from "./target/target.ts";
import { tryWithout } from "./trial.ts";
import { uploadAll } from "./upload.ts";

export interface MoveOptions
  extends Pick<MoveCommand, "hugo" | "keeps" | "apply" | "git" | "dryRun" | "concurrency"> {
  /** Its variables are also those of Hugo and git: without keys that may write. */
  readonly site: SiteOptions;
  /** Hugo's environment, if it is not Hugo's own default. */
  readonly environment: string | undefined;
  readonly target: Target;
  /** The target's folder, absolute, if it is one. */
  readonly targetFolder: string | undefined;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Result of a move. */
export interface MoveResult {
  readonly target: string;
  /** Photographs that pages show from the bucket once the changes are made. */
  readonly moved: readonly Photograph[];
  /** Names of those that were not in the bucket before. */
  readonly stored: ReadonlySet<string>;
  /** Photographs that pages show and that stay, by their name, with the reason. */
  readonly kept: ReadonlyMap<string, string>;
  /** Photographs that no page shows: they stay. */
  readonly unshown: readonly string[];
  readonly changes: readonly Change[];
  /** Errors, by the photograph's name: it stays, and nothing is applied. */
  readonly problems: ReadonlyMap<string, string>;
  readonly applied: boolean;
  readonly dryRun: boolean;
}

/**
 * Moves a site's photographs, from top to bottom: build, upload, read back, change a copy, build it, compare; then, if asked for, change
 * the site and delete its photographs. What was done is read from the bucket and from git, so that a second call continues.
 * @throws CannotRun; the signal's reason.
 */
export async function moveSite(options: MoveOptions): Promise<MoveResult> {
  const { signal, progress, target, apply } = options;
  const variables = { ...options.site.variables, HUGO_PARAMS_IMGPROXY_LOCAL: "hugo" };
  const original = await openSite(options.site);
  requireModule(original);
  const source = await realpath(original.folder);
  if (options.targetFolder !== undefined) await requireOutside(options.targetFolder, source, original);
  const git = options.git
    ? await readGitTree(source, options.site.variables, options.targetFolder)
    : undefined;
  if (apply && options.git) requireCommitted(git, source);

  progress.start("copying the site");
  const without = [
    path.join(source, "public"),
    ...(options.targetFolder === undefined ? [] : [options.targetFolder]),
  ];
  await using copy = await copySite(source, without).finally(() => progress.end());
  // A run that was killed while it changed the site left some of its changes: the plan begins at the last commit.
  if (apply)
    for (const file of git?.changed ?? []) await copy.write(file, (await git?.committed(file)) ?? "");
  const site = await openSite({ ...options.site, folder: copy.folder, variables });
  const local = await localPhotos(site, signal);
  const reading = { ...options, remember: false };
  const found = await readPosts(site, reading);
  const manifests = await Promise.all(manifestNames(site).map(readManifest));
  const has = (key: string) => manifests.some(({ images }) => images.has(key));
  let builds = 0;
  const build = async (): Promise<string> => {
    progress.start("building the site");
    const folder = path.join(copy.builds, String(++builds));
    const command = { words: options.hugo, environment: options.environment, variables };
    await buildInto(copy.folder, folder, command, signal).finally(() => progress.end());
    return folder;
  };

  const contents = new Map(local.photos.toReversed().map(({ path: key, sha256 }) => [key, sha256]));
  const before = await shownPictures(site, await firstBuild(build), contents, signal);
  const choice = choosePhotographs(local, found, before, site, (name) => !options.keeps(name));
  const kept = new Map(choice.kept);
  const pages = new Set([
    ...found.sources.map(({ file }) => file),
    ...manifestNames(site).map((file) => path.relative(site.folder, file)),
  ]);
  for (const [name, place] of await mentions(site, choice.photographs, pages))
    kept.set(name, `${place} names it`);
  for (const { name } of choice.photographs)
    if (git !== undefined && !git.tracked.has(name)) kept.set(name, "git does not have it: commit it first");
  const movable = choice.photographs.filter(({ name }) => !kept.has(name));

  const { stored, conflicts } = options.dryRun
    ? { stored: new Set<string>(), conflicts: new Map<string, string>() }
    : await uploadAll(movable, target, options);
  const safe = movable.filter(({ name }) => !conflicts.has(name));
  const tried = await tryWithout(safe, { copy, site, found, before, contents, has, build, reading });
  for (const [name, reason] of tried.kept) kept.set(name, reason);
  const planned = { changes: tried.changes, photographs: tried.photographs };
  const problems = new Map<string, string>();
  // A page that shows the bucket's photograph already is right, whatever the file here is.
  for (const { name, references } of movable)
    if (conflicts.has(name)) (references.length === 0 ? kept : problems).set(name, conflicts.get(name) ?? "");
  const applied = apply && problems.size === 0;
  if (applied) {
    requirePlanned(git, planned);
    await applyMove(source, planned, signal);
  }
  return {
    target: target.name,
    moved: tried.photographs,
    stored,
    kept,
    unshown: choice.unshown,
    changes: tried.changes,
    problems,
    applied,
    dryRun: options.dryRun,
  };
}

// --- what must be so ---

function requireModule(site: Site): void {
  const problem = diagnoseModule(site).find(({ state }) => state === "problem");
  if (problem !== undefined) throw new CannotRun(problem.message);
}

/** @param folder and root are without links: the way to a site can have one. */
async function requireOutside(folder: string, root: string, { mounts }: Site): Promise<void> {
  const isBelow = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + path.sep);
  if (isBelow(root, folder)) throw new CannotRun(`--source ${folder} contains the site`);
  for (const { source } of [...mounts.content, ...mounts.assets, ...mounts.static])
    if (isBelow(folder, await realpath(source).catch(() => source)))
      throw new CannotRun(
        `--source ${folder} is in ${source}, which Hugo reads: the photographs would stay in the site`,
      );
}

function requireCommitted(git: GitTree | undefined, folder: string): void {
  if (git === undefined)
    throw new CannotRun(
      `${folder} is not in a git repository, so nothing could bring its photographs back: commit it to one, or give --no-git`,
    );
  if (git.other.length > 0) throw notClean(git.other);
}

/** The only changes on disk may be those of a run that was killed. */
function requirePlanned(
  git: GitTree | undefined,
  planned: Pick<MoveResult, "changes"> & { readonly photographs: readonly Photograph[] },
): void {
  const own = new Set([
    ...planned.changes.map(({ file }) => file),
    ...planned.photographs.map(({ name }) => name),
  ]);
  const others = (git?.changed ?? []).filter((file) => !own.has(file));
  if (others.length > 0) throw notClean(others.map((file) => ` M ${file}`));
}

function notClean(lines: readonly string[]): CannotRun {
  const more = lines.length > 10 ? `\nand ${lines.length - 10} more` : "";
  return new CannotRun(
    `git has changes that are not committed: commit or stash them, so that the move is a commit of its own\n${lines.slice(0, 10).join("\n")}${more}`,
  );
}

async function firstBuild(build: () => Promise<string>): Promise<string> {
  try {
    return await build();
  } catch (error) {
    throw error instanceof BuildFailed ? new CannotRun(`the site does not build:\n${error.message}`) : error;
  }
}
