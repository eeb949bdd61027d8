import { readdir } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { readText } from "../read-text.ts";
import type { Change } from "./change.ts";
import { detectCi, packageManager, repositoryAbove } from "./detect.ts";
import type { CiRecipe } from "./package-files.ts";

export interface PlannedCi {
  readonly changes: readonly Change[];
  /** Files of the site that a person edits, and the steps for them. */
  readonly toPaste: readonly { readonly file: string; readonly lines: string }[];
  readonly notes: readonly string[];
}

/**
 * The recipe's file. If the site has one already, or another one that runs hugo, the steps are for a person to add: two files would
 * publish twice.
 * @param chosen name of a recipe, `none`, or undefined: the one that fits the site.
 */
export async function planCi(
  site: string,
  chosen: string | undefined,
  recipes: readonly CiRecipe[],
): Promise<PlannedCi> {
  const nothing: PlannedCi = { changes: [], toPaste: [], notes: [] };
  const name = chosen ?? (await detectCi(site, recipes));
  if (name === undefined) return { ...nothing, notes: [await notFound(site, recipes)] };
  if (name === "none") return nothing;
  const recipe = recipes.find((one) => one.name === name);
  if (recipe === undefined)
    throw new CannotRun(`--ci takes ${recipes.map((one) => one.name).join(", ")} or none; it is ${name}`);
  const { target } = recipe;
  const text = withManager(recipe.text, await packageManager(site));
  const present = await buildFiles(site, target);
  if (present.some(({ text }) => text.includes("imgproxy-lite"))) return nothing;
  const other =
    present.find((one) => one.file === target) ?? present.find((one) => /\bhugo\b/i.test(one.text));
  if (other === undefined) return { ...nothing, changes: [{ file: target, before: undefined, after: text }] };
  return { ...nothing, toPaste: [{ file: other.file, lines: stepsOf(text) }] };
}

async function notFound(site: string, recipes: readonly CiRecipe[]): Promise<string> {
  const root = await repositoryAbove(site);
  return root === undefined
    ? `no CI service with a recipe was found: --ci takes ${recipes.map(({ name }) => name).join(", ")}, and the manual's “Publishing” has the steps for others`
    : `the site is a part of the repository ${root}, whose CI files are outside the site, where init writes nothing: the manual's “Publishing” has the steps`;
}

/** The target, and files beside it, if they are in a folder of their own; and those that the service reads instead of the target. */
async function buildFiles(site: string, target: string) {
  const folder = path.dirname(target);
  const namesIn = async (folder: string) => {
    const names = await readdir(path.join(site, folder)).catch(() => []);
    return names.map((name) => path.posix.join(folder, name));
  };
  const woodpecker = /^\.woodpecker\.ya?ml$/.test(target)
    ? [".woodpecker.yaml", ...(await namesIn(".woodpecker"))]
    : [];
  const files = [...(folder === "." ? [target] : await namesIn(folder)), ...woodpecker];
  const read = await Promise.all(
    files.map(async (file) => ({ file, text: await readText(path.join(site, file)).catch(() => undefined) })),
  );
  return read.flatMap(({ file, text }) => (text === undefined ? [] : [{ file, text }]));
}

/** The lines of the recipe's first build that call the scan or hugo. */
function stepsOf(text: string): string {
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#") && /\b(?:imgproxy-lite|hugo) /.test(line));
  return lines.slice(0, lines.findIndex((line) => line.includes("scan --check")) + 1).join("\n");
}

/** The recipe with the program that installs the site's packages: `npm ci` needs a lock file of npm. */
function withManager(text: string, manager: "pnpm" | "yarn" | "bun" | undefined): string {
  if (manager === undefined) return text;
  const first = manager === "yarn" ? "corepack enable" : `npm install --global ${manager}`;
  return text
    .replace(/^(?![ \t]*#)(.*)\bnpm ci\b.*$/gm, `$1${first} && ${manager} install --frozen-lockfile`)
    .replace(/^[ \t]*cache: npm\n/gm, "")
    .replaceAll("npm install --save-dev", `${manager} add ${manager === "pnpm" ? "--save-dev" : "--dev"}`);
}
