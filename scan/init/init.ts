import path from "node:path";
import { CannotRun } from "../cannot-run.ts";
import { counted } from "../counted.ts";
import { diagnoseHooks, diagnoseModule } from "../doctor/hooks.ts";
import { diagnoseSettings } from "../doctor/settings.ts";
import { isLocal } from "../local-address.ts";
import { readText } from "../read-text.ts";
import { type ConfigFile, readConfigFiles } from "../site/config/files.ts";
import { loadSite, type SiteOptions } from "../site/site.ts";
import { answers, cannotAsk } from "./answers.ts";
import type { Terminal } from "./ask.ts";
import type { Change } from "./change.ts";
import { type PlannedCi, planCi } from "./ci.ts";
import { hasCompose, planCompose } from "./compose.ts";
import { editSite, valueIn } from "./config.ts";
import { detectTheme, exists, type KnownTheme } from "./detect.ts";
import { formatDiff } from "./diff.ts";
import type { InitCommand } from "./options.ts";
import { INSTALL, readCiRecipes, themeRecipes, themesFolder } from "./package-files.ts";
import { readRecipe, type SiteFiles } from "./recipe.ts";
import { moduleEdits, paramEdits } from "./settings.ts";
import { targetOf, writeChanges } from "./write.ts";

export interface InitOptions extends Omit<InitCommand, "site" | "help"> {
  readonly site: SiteOptions;
  /** Undefined: nobody can be asked. */
  readonly terminal: Terminal | undefined;
  print(text: string): void;
}

/**
 * Prepares a site: plans the changes, shows them, asks, writes.
 * @returns the exit code: 0 done, 1 something is left to do by hand.
 * @throws CannotRun if a flag is missing and nobody can be asked, and if a file is outside the site.
 */
export async function initSite(options: InitOptions): Promise<0 | 1> {
  const { print } = options;
  const planned = await plan(options);
  const kept: string[] = [];
  const changes: Change[] = [];
  for (const change of planned.changes) {
    await targetOf(planned.folder, change);
    if (change.isOwn && !(await mayReplace(change.file, options))) kept.push(change.file);
    else changes.push(change);
  }
  for (const change of changes) print(`${formatDiff(change)}\n`);
  // Below the diff, which is long.
  for (const note of planned.notes) print(`${note}\n`);
  for (const file of kept) print(`${file} differs from the recipe's, and was kept: see --overwrite\n`);
  for (const { file, lines } of planned.toPaste)
    print(`\n${file} cannot be edited safely. Add these settings, each to its table there:\n\n${lines}\n\n`);
  for (const { file, lines } of planned.toBuild)
    print(`\n${file} is yours. Put these steps there in the place of its hugo:\n\n${lines}\n\n`);
  const isLeft = [planned.toPaste, planned.toBuild, kept].some(({ length }) => length > 0);
  if (changes.length === 0) print("there is nothing to change\n");
  else if (options.dryRun) print(`${counted(changes.length, "file")} would be written\n`);
  else {
    if (!options.yes && options.terminal === undefined) throw cannotAsk(["--yes"]);
    const words = `Write ${counted(changes.length, "file")}?`;
    if (!options.yes && (await options.terminal?.confirm(words)) !== true) {
      print("nothing was written\n");
      return 1;
    }
    await writeChanges(planned.folder, changes);
    print(`${counted(changes.length, "file")} written\n`);
  }
  if (options.dryRun) return isLeft ? 1 : 0;
  // Until the settings are pasted, all of them are problems.
  const problems = planned.toPaste.length > 0 ? [] : await remainingProblems(options.site);
  for (const words of problems) print(`${words}\n`);
  return isLeft || problems.length > 0 ? 1 : 0;
}

// --- the plan ---

interface PlannedChange extends Change {
  /** Whether it replaces a whole file of the site. */
  readonly isOwn?: boolean;
}

interface Plan {
  readonly folder: string;
  /** In the order in which they are written: after each of them the site builds. */
  readonly changes: readonly PlannedChange[];
  /** Settings for configuration files. */
  readonly toPaste: readonly { readonly file: string; readonly lines: string }[];
  /** Steps for files of the CI service. */
  readonly toBuild: PlannedCi["toPaste"];
  readonly notes: readonly string[];
}

async function plan(options: InitOptions): Promise<Plan> {
  const site = await loadSite(options.site);
  const { folder } = site;
  const files = await readConfigFiles(folder, folder, options.site);
  const ciRecipes = await readCiRecipes();
  const theme = await chosenTheme(options, await detectTheme(site));
  const recipe = theme && (await themeFiles(theme));
  const known = valueIn(files, ["params", "imgproxy", "endpoint"]);
  const { endpoint, bucket } = await answers(options, {
    endpoint: typeof known === "string" && known !== "" ? known : undefined,
    bucket: (await hasCompose(folder)) ? "none" : undefined,
  });
  const themes = path.resolve(folder, String(valueIn(files, ["themesdir"]) ?? "themes"));
  const ofModule = await moduleEdits({ ...site, themesFolder: themes }, files);
  if (ofModule === undefined)
    throw new CannotRun(
      `imgproxy-lite is not installed in ${folder}, and without it the site would not build: ${INSTALL}, then run init again`,
    );
  const config = await editSite(folder, files, [
    ...ofModule,
    ...paramEdits(files, endpoint, recipe?.files["hugo.toml"]),
  ]);
  const layouts = await Promise.all(
    Object.entries(recipe?.files ?? {})
      .filter(([name]) => name !== "hugo.toml" && !name.startsWith("content/"))
      .map(([name, text]) => planFile(folder, name, text)),
  );
  const compose = await planCompose(folder, bucket, endpoint);
  const build = await planCi(folder, options.ci, ciRecipes);
  return {
    folder,
    changes: [...config.changes, ...layouts.flat(), ...compose.changes, ...build.changes],
    toPaste: config.toPaste,
    toBuild: build.toPaste,
    notes: [
      ...themeNotes(theme, files),
      ...(recipe?.mismatches ?? []),
      ...build.notes,
      ...endpointNotes(endpoint),
      ...compose.notes,
      ...(await ignoreNotes(folder)),
    ],
  };
}

function themeNotes(theme: KnownTheme | undefined, files: readonly ConfigFile[]): string[] {
  if (theme !== undefined) return [`theme: ${theme.name}`];
  if (valueIn(files, ["params", "imgproxy", "sizes"]) !== undefined) return [];
  return [
    'no theme with a recipe was found: set params.imgproxy.sizes to the width at which the theme shows images, such as "(min-width: 46rem) 44rem, 92vw"',
  ];
}

function endpointNotes(endpoint: string): string[] {
  if (!isLocal(endpoint)) return [];
  return [
    `only this machine reaches ${endpoint}: before you publish, run init again with --endpoint and the address for readers`,
  ];
}

/** `git add` of a whole site would commit thousands of files of packages. */
async function ignoreNotes(folder: string): Promise<string[]> {
  if (!(await exists(path.join(folder, ".git")))) return [];
  const ignored = await readText(path.join(folder, ".gitignore")).catch(() => "");
  return ignored.includes("node_modules")
    ? []
    : ["add node_modules/ to .gitignore: it belongs to no repository"];
}

async function planFile(folder: string, file: string, after: string): Promise<PlannedChange[]> {
  const before = await readText(path.join(folder, file)).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return before === after ? [] : [{ file, before, after, isOwn: before !== undefined }];
}

async function chosenTheme(
  { theme }: InitOptions,
  found: KnownTheme | undefined,
): Promise<KnownTheme | undefined> {
  if (theme === undefined) return found;
  if (theme === "none") return undefined;
  const names = (await themeRecipes()).map(({ name }) => name);
  if (names.includes(theme)) return { name: theme, folder: found?.name === theme ? found.folder : undefined };
  throw new CannotRun(`--theme takes ${names.join(", ")} or none; it is ${theme}`);
}

async function themeFiles({ name, folder }: KnownTheme): Promise<{
  readonly files: SiteFiles;
  readonly mismatches: readonly string[];
}> {
  const mismatches: string[] = [];
  const file = path.join(themesFolder, `${name}.md`);
  const files = await readRecipe(file, folder ?? "", ({ message }) => mismatches.push(message));
  return { files, mismatches };
}

async function mayReplace(file: string, { overwrite, yes, dryRun, terminal }: InitOptions): Promise<boolean> {
  if (overwrite) return true;
  if (yes || dryRun || terminal === undefined) return false;
  return terminal.confirm(`${file} exists and differs from the recipe's. Replace it?`);
}

/** What the doctor would say of the result. */
async function remainingProblems(options: SiteOptions): Promise<string[]> {
  const site = await loadSite(options);
  return [...diagnoseModule(site), ...diagnoseHooks(site), ...diagnoseSettings(site)]
    .filter(({ state }) => state === "problem")
    .map(({ check, message }) => `problem  ${check}  ${message}`);
}
