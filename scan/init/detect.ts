import { stat } from "node:fs/promises";
import path from "node:path";
import { packageRoot } from "../../contract/package.ts";
import { readText } from "../read-text.ts";
import type { Module } from "../site/modules/modules.ts";
import type { Site } from "../site/site.ts";
import { type CiRecipe, themeRecipes } from "./package-files.ts";

/** A theme of the site that has a recipe. */
export interface KnownTheme {
  /** The recipe's: `papermod`. */
  readonly name: string;
  /** Absolute; undefined if the theme is not on this machine. */
  readonly folder: string | undefined;
}

/** @returns undefined for a site whose themes have no recipe. */
export async function detectTheme({ folder, modules, mounts }: Site): Promise<KnownTheme | undefined> {
  const recipes = await themeRecipes();
  for (const module of modules) {
    const repositories = [module.name.toLowerCase(), await submodule(folder, module)];
    const known = recipes.find(
      ({ name, repository }) =>
        plainName(module.name) === name ||
        (repository !== "" && repositories.some((one) => one.includes(`github.com/${repository}`))),
    );
    if (known !== undefined) return { name: known.name, folder: module.folder };
  }
  // Doks consists of packages, which the site mounts itself.
  const doks = mounts.layouts.find(({ source }) => source.includes("/@thulite/doks-core/"));
  return doks && { name: "doks", folder: path.dirname(doks.source) };
}

/** `papermod` for `PaperMod`, `hugo-PaperMod` or `github.com/adityatelange/hugo-PaperMod/v8`. */
function plainName(module: string): string {
  const last =
    module
      .toLowerCase()
      .replace(/\/v\d+$/, "")
      .split("/")
      .at(-1) ?? "";
  return last
    .replace(/^(?:go)?hugo-/, "")
    .replace(/^theme-/, "")
    .replace(/[-_](?:hugo[-_])?theme$|-hugo$/, "");
}

/** Where a theme's folder was cloned from, if it is a git submodule. */
async function submodule(site: string, { folder }: Module): Promise<string> {
  if (folder === undefined) return "";
  const text = await readText(path.join(site, ".gitmodules")).catch(() => "");
  const sections = text.split(/^\[submodule /m);
  const own = sections.find((one) => {
    const [, below] = /^\s*path\s*=\s*(.+?)\s*$/m.exec(one) ?? [];
    return below !== undefined && path.resolve(site, below) === folder;
  });
  return (
    /^\s*url\s*=\s*(.+?)(?:\.git)?\s*$/m
      .exec(own ?? "")?.[1]
      ?.replace(":", "/")
      .toLowerCase() ?? ""
  );
}

// --- CI ---

/** Files of a site that show where it is built, and the recipe for it. */
const signs: readonly (readonly [file: string, recipe: string])[] = [
  [".github/workflows", "github-pages"],
  [".gitlab-ci.yml", "gitlab-ci"],
  ["netlify.toml", "netlify"],
  [".forgejo", "forgejo"],
  [".woodpecker.yml", "woodpecker"],
  [".woodpecker.yaml", "woodpecker"],
  [".woodpecker", "woodpecker"],
  ["wrangler.toml", "cloudflare-pages"],
  ["wrangler.json", "cloudflare-pages"],
  ["wrangler.jsonc", "cloudflare-pages"],
];

/** Hosts of repositories, and the recipe for them. */
const hosts: readonly (readonly [host: RegExp, recipe: string])[] = [
  [/github\.com/, "github-pages"],
  [/gitlab\./, "gitlab-ci"],
  [/codeberg\.org|forgejo/, "forgejo"],
];

/** @returns the name of one of the recipes; undefined if nothing shows the CI service. */
export async function detectCi(site: string, recipes: readonly CiRecipe[]): Promise<string | undefined> {
  for (const [file, recipe] of signs) if (await exists(path.join(site, file))) return recipe;
  const git = await readText(path.join(site, ".git/config")).catch(() => "");
  const [, url = ""] = /^\[remote "origin"\][^[]*?^\s*url\s*=\s*(\S+)/m.exec(git) ?? [];
  const found = hosts.find(([host]) => host.test(url))?.[1];
  return recipes.some(({ name }) => name === found) ? found : undefined;
}

/** The root of the repository that the site is a folder of; undefined if it is the root itself, or in none. */
export async function repositoryAbove(site: string): Promise<string | undefined> {
  let folder = path.resolve(site);
  while (!(await exists(path.join(folder, ".git")))) {
    const above = path.dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
  return folder === path.resolve(site) ? undefined : folder;
}

/** Of the program that installs the site's packages; undefined: npm. */
export async function packageManager(site: string): Promise<"pnpm" | "yarn" | "bun" | undefined> {
  if (await exists(path.join(site, "package-lock.json"))) return undefined;
  for (const [file, name] of lockFiles) if (await exists(path.join(site, file))) return name;
  return undefined;
}

const lockFiles = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
] as const;

// --- the module ---

/**
 * The folder of this module for the site's `replacements`: the installed package, or the checkout that this program runs from, if it
 * is in the site. @returns undefined if it is elsewhere: a site must build on other machines too.
 */
export async function moduleFolder(site: string): Promise<string | undefined> {
  const installed = path.join(site, "node_modules/imgproxy-lite");
  if (await exists(path.join(installed, "config.toml"))) return installed;
  const below = path.relative(site, packageRoot);
  return below === "" || below.startsWith("..") || path.isAbsolute(below)
    ? undefined
    : path.resolve(packageRoot);
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
