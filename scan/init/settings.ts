import { readFile } from "node:fs/promises";
import path from "node:path";
import { toTexts } from "../site/config/cast.ts";
import { parseData } from "../site/config/data.ts";
import type { ConfigFile } from "../site/config/files.ts";
import { isTree, treeAt } from "../site/config/tree.ts";
import type { Site } from "../site/site.ts";
import { valueIn } from "./config.ts";
import { moduleFolder } from "./detect.ts";
import type { Edit, Scalar } from "./edit/edit.ts";
import { moduleName } from "./package-files.ts";

/** The edits that import the module. @returns undefined if its files are not in the site, which then would not build. */
export async function moduleEdits(
  {
    folder,
    modules,
    templates,
    themesFolder,
  }: Pick<Site, "folder" | "modules" | "templates"> & { readonly themesFolder: string },
  files: readonly ConfigFile[],
): Promise<readonly Edit[] | undefined> {
  if (templates.some(({ ours, file }) => ours && file !== "")) return [];
  const own = await moduleName();
  const isImported = modules.some(({ name }) => name === own);
  const edits: Edit[] = isImported ? [] : [{ kind: "prepend", path: ["module", "imports"], value: own }];
  const goMod = await readFile(path.join(folder, "go.mod"), "utf8").catch(() => "");
  if (goMod.includes(own)) return edits;
  const found = await moduleFolder(folder);
  if (found === undefined) return undefined;
  const ours = `${own} -> ${path.relative(themesFolder, found).split(path.sep).join("/")}`;
  const given = valueIn(files, ["module", "replacements"]);
  const value: Scalar = Array.isArray(given)
    ? [...given.map(String), ours]
    : [...toTexts(given), ours].join(", ");
  return [{ kind: "set", path: ["module", "replacements"], value }, ...edits];
}

/** The parameters: the endpoint, and what the theme's recipe sets where the site does not. */
export function paramEdits(
  files: readonly ConfigFile[],
  endpoint: string,
  recipe: string | undefined,
): readonly Edit[] {
  const key = ["params", "imgproxy", "endpoint"];
  const edits: Edit[] = valueIn(files, key) === endpoint ? [] : [{ kind: "set", path: key, value: endpoint }];
  const settings = recipe === undefined ? [] : recipeSettings(recipe);
  return [...edits, ...settings.filter((edit) => valueIn(files, edit.path) === undefined)];
}

// --- a recipe ---

/**
 * The settings in a recipe's `hugo.toml` that every site with the theme needs: the module's parameters, and those with a comment that says
 * why. The others are of the recipe's example.
 */
function recipeSettings(toml: string): Edit[] {
  const values = parseData(toml, "toml", 999);
  const found: Edit[] = [];
  let table: readonly string[] = [];
  let comment: string[] = [];
  for (const line of toml.split("\n")) {
    const [, header] = /^\s*\[([\w.]+)\]/.exec(line) ?? [];
    const [, key] = /^\s*([\w.]+)\s*=/.exec(line) ?? [];
    if (/^\s*\[\[/.test(line)) table = ["[["];
    if (header !== undefined) table = header.split(".");
    if (key !== undefined) {
      const keys = [...table, ...key.split(".")];
      const value = isTree(values) ? treeAt(values, ...keys.slice(0, -1))[keys.at(-1) ?? ""] : undefined;
      const isParam = keys[0] === "params" && keys[1] === "imgproxy" && keys[2] !== "endpoint";
      if (isScalar(value) && (isParam || comment.length > 0))
        found.push({
          kind: "set",
          path: keys,
          value,
          ...(comment.length > 0 && { comment: comment.join("\n") }),
        });
    }
    const [, words] = /^\s*# ?(.*)$/.exec(line) ?? [];
    comment = words === undefined ? [] : [...comment, words];
  }
  return found;
}

function isScalar(value: unknown): value is Scalar {
  if (Array.isArray(value)) return value.every((one) => typeof one === "string");
  return ["string", "number", "boolean"].includes(typeof value);
}
