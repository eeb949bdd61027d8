import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { packageRoot } from "../../contract/package.ts";
import { CannotRun } from "../cannot-run.ts";

export const themesFolder: string = path.join(packageRoot, "hugo-module/themes");
const ciFolder = path.join(packageRoot, "hugo-module/ci");

/** A recipe for a CI service, as the manual has it. */
export interface CiRecipe {
  /** The recipe's file name without its extension: `github-pages`. */
  readonly name: string;
  /** Where the blog has it: the recipe's first line names the place. */
  readonly target: string;
  readonly text: string;
}

export async function readCiRecipes(): Promise<readonly CiRecipe[]> {
  const names = await readdir(ciFolder).catch(() => {
    throw new CannotRun(
      "this installation has no recipes, as in the server's image: run init from the package in the site's node_modules",
    );
  });
  const recipes = await Promise.all(
    names.sort().map(async (file) => {
      const text = await readFile(path.join(ciFolder, file), "utf8");
      const [, target = ""] = /^# A blog's ([^\s:,]+)/.exec(text) ?? [];
      return { name: path.parse(file).name, target: target.replace(/\.$/, ""), text };
    }),
  );
  return recipes.filter(({ target }) => target !== "");
}

/** Names of the theme recipes: `papermod`. */
export async function themeRecipes(): Promise<
  readonly { readonly name: string; readonly repository: string }[]
> {
  const files = (await readdir(themesFolder)).filter((file) => file.endsWith(".md"));
  return Promise.all(
    files.sort().map(async (file) => {
      const text = await readFile(path.join(themesFolder, file), "utf8");
      const [, repository = ""] = /\(https:\/\/github\.com\/([\w.-]+\/[\w.-]+?)\)/.exec(text) ?? [];
      return { name: path.parse(file).name, repository: repository.toLowerCase() };
    }),
  );
}

/** The module's name in a site's imports: what go.mod declares. The server's image, where nobody runs init, does not have the file. */
export async function moduleName(): Promise<string> {
  const text = await readFile(path.join(packageRoot, "go.mod"), "utf8");
  return /^module (\S+)/m.exec(text)?.[1] ?? "";
}

/** How to install the package; the manual says more. */
export const INSTALL = "npm install --save-dev with the release's .tgz, as the manual says";
