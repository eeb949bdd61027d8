import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { readRecipe, type SiteFiles } from "../../scan/init/recipe.ts";
import { type Hugo, obtainHugo, obtainHugoVersions } from "../hugo.ts";
import { PAGE_MS } from "../page.ts";
import { NpmCdn } from "./npm-cdn.ts";
import { NotObtained, type Obtained, obtainTheme } from "./obtain.ts";
import { startPagesServer } from "./pages-server.ts";
import { startPhotographServer } from "./photographs.ts";
import { resultsTable, type Tried } from "./table.ts";
import { type Theme, themes } from "./themes.ts";
import { type Trial, tryTheme } from "./try-theme.ts";

const help = `Usage: npm run test:themes -- [--themes DIR] [--only NAME] [--keep]

Builds each theme's recipe (hugo-module/themes/) with the real theme and opens it in Chromium, as on a phone and on a desktop.

  --themes DIR   where themes are: checkouts or bare repositories, named <name>, <owner>+<name> or <owner>/<name>;
                 what is not there is fetched by Go where that can, and Doks by npm
  --only NAME    this one alone; may be given several times
  --keep         leave the built sites, and say where
`;

const root = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../" : "../../../", import.meta.url),
);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      themes: { type: "string" },
      only: { type: "string", multiple: true },
      keep: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const executablePath = "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium`);
  const hugo = (await obtainHugoVersions()).at(-1) ?? (await obtainHugo());
  const folder = await mkdtemp(path.join(tmpdir(), "themes-"));
  try {
    const chosen = themes.filter(({ name }) => values.only?.includes(name) ?? true);
    const tried = await tryAll(chosen, { folder, hugo, executablePath, from: values.themes });
    console.log(`\nHugo ${hugo.version}\n\n${resultsTable(tried)}`);
    return tried.some(({ outcome }) => outcome !== undefined && problemsOf(outcome).length > 0) ? 1 : 0;
  } finally {
    if (values.keep === true) console.log(`The sites are in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

interface Machine {
  readonly folder: string;
  readonly hugo: Hugo;
  readonly executablePath: string;
  readonly from: string | undefined;
}

async function tryAll(
  chosen: readonly Theme[],
  { folder, hugo, executablePath, from }: Machine,
): Promise<Tried[]> {
  await using photographs = await startPhotographServer(folder);
  await using server = await startPagesServer();
  const browser = await chromium.launch({
    executablePath,
    timeout: PAGE_MS,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const cdn = new NpmCdn(path.join(root, ".cache", "npm-cdn"));
  const means = { hugo, browser, server, cdn, endpoint: photographs.endpoint };
  const tried: Tried[] = [];
  try {
    for (const theme of chosen) {
      try {
        const obtained = await obtainTheme(theme, from, path.join(root, ".cache", "themes"));
        const recipe = path.join(root, "hugo-module", "themes", `${theme.name}.md`);
        const files = await readRecipe(recipe, obtained.folder);
        const trial = trialOf(theme, obtained, files);
        const outcome = await tryTheme(trial, { ...means, folder: path.join(folder, theme.name) });
        tried.push({ theme, version: obtained.version, outcome });
        report(theme.name, outcome);
      } catch (error) {
        if (!(error instanceof NotObtained)) throw error;
        tried.push({ theme, skipped: error.message });
        console.log(`${theme.name}: skipped: ${error.message}`);
      }
    }
  } finally {
    await browser.close();
  }
  return tried;
}

function trialOf(theme: Theme, obtained: Obtained, files: SiteFiles): Trial {
  return {
    files: { ...siteIcons, ...files, "hugo.toml": `${files["hugo.toml"]}\n${theme.offline ?? ""}` },
    themes: obtained.isNodeModules === true ? {} : { [theme.name]: obtained.folder },
    ...(obtained.isNodeModules === true && { nodeModules: obtained.folder }),
    ...(theme.environment !== undefined && { environment: theme.environment }),
    pages: [theme.post, ...(theme.lists ?? [])],
    cover: "cover.jpg",
    showsCovers: theme.showsCovers ?? true,
    ...(theme.gallery !== undefined && { gallery: theme.gallery }),
  };
}

/** Icons that themes only link; every site has its own. */
const siteIcons = Object.fromEntries(
  [
    "favicon.ico",
    "favicon.svg",
    "favicon-16x16.png",
    "favicon-32x32.png",
    "apple-touch-icon.png",
    "safari-pinned-tab.svg",
  ]
    .flatMap((name) => [name, `images/${name}`])
    .concat("site.webmanifest")
    .map((name) => [`static/${name}`, ""]),
);

function report(name: string, outcome: Tried["outcome"] & object): void {
  const problems = problemsOf(outcome);
  console.log(`${name}: ${problems.length === 0 ? "well" : `${problems.length} problems`}`);
  for (const problem of problems) console.log(`  ${problem}`);
  for (const width of outcome.widths) console.log(`    ${width}`);
}

function problemsOf({ build, pictures, cover, gallery, check }: Tried["outcome"] & object): string[] {
  return [...build, ...pictures, ...cover, ...gallery, ...check.map((words) => `--check ${words}`)];
}

process.exitCode = await main();
