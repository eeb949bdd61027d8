import { readdir } from "node:fs/promises";
import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { readText } from "../read-text.ts";
import type { Change } from "./change.ts";
import { detectCi } from "./detect.ts";
import type { CiRecipe } from "./package-files.ts";

export interface PlannedCi {
  readonly changes: readonly Change[];
  readonly toPaste: readonly { readonly file: string; readonly lines: string }[];
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
  const name = chosen ?? (await detectCi(site, recipes));
  if (name === undefined || name === "none") return { changes: [], toPaste: [] };
  const recipe = recipes.find((one) => one.name === name);
  if (recipe === undefined)
    throw new CannotRun(`--ci takes ${recipes.map((one) => one.name).join(", ")} or none; it is ${name}`);
  const { target, text } = recipe;
  const present = await buildFiles(site, target);
  if (present.some(({ text }) => text.includes("imgproxy-lite"))) return { changes: [], toPaste: [] };
  const other =
    present.find((one) => one.file === target) ?? present.find((one) => /\bhugo\b/i.test(one.text));
  if (other === undefined)
    return { changes: [{ file: target, before: undefined, after: text }], toPaste: [] };
  return { changes: [], toPaste: [{ file: other.file, lines: stepsOf(text) }] };
}

/** The target, and files beside it, if they are in a folder of their own. */
async function buildFiles(site: string, target: string) {
  const folder = path.dirname(target);
  const names =
    folder === "." ? [path.basename(target)] : await readdir(path.join(site, folder)).catch(() => []);
  const files = names.map((name) => path.posix.join(folder, name));
  const read = await Promise.all(
    files.map(async (file) => ({ file, text: await readText(path.join(site, file)).catch(() => undefined) })),
  );
  return read.flatMap(({ file, text }) => (text === undefined ? [] : [{ file, text }]));
}

/** The recipe's lines that call the scan or hugo. */
function stepsOf(text: string): string {
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#") && /\b(?:imgproxy-lite|hugo) /.test(line));
  return lines.join("\n");
}
