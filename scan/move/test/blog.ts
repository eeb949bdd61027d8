import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSite, extremes, moduleRoot, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import { photo } from "../../../server/test/support/pictures.ts";
import type { Ran, RunOptions } from "../../test/command.ts";

/** A blog in git with photographs of its own, and the folder of a server. */
export interface Blog extends AsyncDisposable {
  readonly folder: string;
  /** The server's folder. */
  readonly photos: string;
  /** Arguments and environment of a move into that folder, on the newest Hugo. */
  command(...args: readonly string[]): readonly [readonly string[], RunOptions];
  git(...args: readonly string[]): string;
  /** Every file of the site that git could commit, by name, in latin1; without git's own. */
  files(): Promise<Readonly<Record<string, string>>>;
  /** Every file of the server's folder, by key, in latin1. */
  stored(): Promise<Readonly<Record<string, string>>>;
}

export const newest = extremes.at(-1);

/** Small, each of other bytes. */
export async function pictures(count: number): Promise<Buffer[]> {
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      photo(40 + at, 30)
        .jpeg()
        .toBuffer(),
    ),
  );
}

export const endpoint = "https://images.example/";

/** @param lines of `[params.imgproxy]`. */
export function configOf(lines = "", more = ""): string {
  return siteConfig(`${more}\n[params.imgproxy]\nendpoint = "${endpoint}"\n${lines}`);
}

/** @param commit whether git has all files. */
export async function createBlog(
  files: Readonly<Record<string, string | Uint8Array>>,
  hugo = newest?.path ?? "hugo",
): Promise<Blog> {
  const site = await createSite({ "config.toml": configOf(), "layouts/index.html": "home", ...files });
  const outside = await mkdtemp(path.join(tmpdir(), "blog-"));
  const photos = path.join(outside, "photos");
  await mkdir(photos);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", site.folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "a blog");
  const env = {
    HOME: outside,
    HUGO_CACHEDIR: path.join(outside, "cache"),
    HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}`,
  };
  return {
    folder: site.folder,
    photos,
    command: (...args) => [
      ["--site", site.folder, "--source", photos, "--hugo", hugo, ...args],
      { program: "move", env },
    ],
    git,
    files: () => readAll(site.folder),
    stored: () => readAll(photos),
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await rm(outside, { recursive: true, force: true });
    },
  };
}

/** The result of `--json`. */
export interface MoveReport {
  readonly applied: boolean;
  readonly moved: readonly { readonly file: string; readonly key: string; readonly stored: boolean }[];
  readonly kept: readonly { readonly file: string; readonly reason: string }[];
  readonly unshown: readonly string[];
  readonly changes: readonly string[];
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

export function reportOf({ stdout, stderr }: Ran): MoveReport {
  if (stdout === "") throw new Error(`no report: ${stderr}`);
  return JSON.parse(stdout);
}

async function readAll(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true });
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    const file = path.join(folder, name);
    if (!/^\.git(?:\/|$)/.test(name) && (await stat(file)).isFile())
      found[name] = await readFile(file, "latin1");
  }
  return found;
}
