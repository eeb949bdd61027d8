import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import type { SiteFiles } from "../../scan/init/recipe.ts";
import type { Hugo } from "../hugo.ts";
import { look, windows } from "./look.ts";
import type { NpmCdn } from "./npm-cdn.ts";
import type { PagesServer } from "./pages-server.ts";
import { build, publish, type TriedSite } from "./try-site.ts";

/** A site that is tested, and what readers should find there. */
export interface Trial {
  readonly files: SiteFiles;
  /** Folders of themes, by name. */
  readonly themes: Readonly<Record<string, string>>;
  /** The site's `node_modules`. */
  readonly nodeModules?: string;
  /** Hugo's. */
  readonly environment?: string;
  /** Pages, the first one's cover is that of `cover`. */
  readonly pages: readonly string[];
  readonly cover: string;
  /** Whether that page shows the cover, not only in its link preview. */
  readonly showsCovers: boolean;
  readonly gallery?: {
    readonly page: string;
    act(page: Page): Promise<string | undefined>;
  };
}

export interface Means {
  readonly folder: string;
  readonly hugo: Hugo;
  readonly browser: Browser;
  readonly server: PagesServer;
  readonly endpoint: string;
  readonly cdn?: NpmCdn;
}

/** The faults of each part; each list is empty for a theme without faults. */
export interface Outcome {
  readonly build: readonly string[];
  readonly pictures: readonly string[];
  readonly cover: readonly string[];
  readonly gallery: readonly string[];
  readonly check: readonly string[];
  /** For each window, how wide photographs are on the page, and how wide `sizes` says they are. */
  readonly widths: readonly string[];
}

/** Publishes a site as CI does, opens it in two windows, and publishes it again with a cover that does not exist. */
export async function tryTheme(trial: Trial, means: Means): Promise<Outcome> {
  const { folder, hugo, server, endpoint } = means;
  await rm(folder, { recursive: true, force: true });
  await writeFiles(folder, trial.files);
  await mkdir(path.join(folder, "themes"), { recursive: true });
  for (const [name, source] of Object.entries(trial.themes))
    await symlink(source, path.join(folder, "themes", name));
  // A copy: Hugo reads style sheets through no link.
  if (trial.nodeModules !== undefined)
    await cp(trial.nodeModules, path.join(folder, "node_modules"), { recursive: true });
  const site: TriedSite = {
    folder,
    hugo,
    endpoint,
    baseURL: server.url,
    environment: trial.environment ?? "production",
  };
  const published = await publish(site);
  if (published.hugo.code !== 0) {
    const { output } = published.hugo;
    return {
      ...nothing,
      build: output
        .split("\n")
        .filter((line) => /error/i.test(line))
        .slice(0, 5),
    };
  }
  server.show(path.join(folder, "public"));
  const seen = await visit(trial, means);
  const check =
    published.check.code === 0 ? [] : [`exits ${published.check.code}: ${published.check.output.trim()}`];
  check.push(...(await withBrokenCover(trial, site)));
  return { ...nothing, ...seen, check };
}

const nothing: Outcome = { build: [], pictures: [], cover: [], gallery: [], check: [], widths: [] };

// --- in the browser ---

async function visit(
  trial: Trial,
  { browser, server, endpoint, cdn }: Means,
): Promise<Pick<Outcome, "pictures" | "cover" | "gallery" | "widths">> {
  const [pictures, cover, gallery, widths] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ];
  for (const [window, context] of Object.entries(windows)) {
    const visitor = { endpoint, context, ...(cdn !== undefined && { cdn }) };
    for (const [at, page] of trial.pages.entries()) {
      const seen = await look(browser, { ...visitor, url: new URL(page, server.url).href });
      for (const problem of seen.problems) pictures.add(`${page}, ${window}: ${problem}`);
      for (const { key, shown, said } of seen.widths) {
        widths.add(`${page}, ${window}: ${key} is ${shown} px wide, sizes says ${said}`);
        if (shown > said * 1.1 + 2)
          pictures.add(`${page}, ${window}: ${key} is ${shown} px wide, but sizes says ${said}`);
      }
      if (at > 0) continue;
      if (trial.showsCovers && !seen.keys.includes(trial.cover))
        cover.add(`${page}, ${window}: shows ${seen.keys.join(", ")}, not ${trial.cover}`);
      for (const problem of await previewProblems(seen.ogImage, trial.cover, endpoint)) cover.add(problem);
    }
    if (trial.gallery === undefined) continue;
    const { page, act } = trial.gallery;
    const seen = await look(browser, { ...visitor, url: new URL(page, server.url).href, act });
    for (const problem of seen.problems) gallery.add(`${page}, ${window}: ${problem}`);
  }
  return { pictures: [...pictures], cover: [...cover], gallery: [...gallery], widths: [...widths] };
}

async function previewProblems(url: string | undefined, key: string, endpoint: string): Promise<string[]> {
  if (url === undefined) return ["og:image is missing"];
  if (!url.startsWith(endpoint)) return [`og:image is ${url}, not the proxy's`];
  if (new URL(url).searchParams.get("img") !== key) return [`og:image is ${url}, not ${key}`];
  const response = await fetch(url, { headers: { accept: "*/*" } });
  await response.arrayBuffer();
  const type = response.headers.get("content-type");
  return response.ok && type === "image/jpeg" ? [] : [`og:image answered ${response.status} ${type}`];
}

// --- a cover that does not exist ---

/** @returns the faults in what `--check` says about it. */
async function withBrokenCover(trial: Trial, site: TriedSite): Promise<string[]> {
  const broken = Object.entries(trial.files)
    .filter(([name, text]) => name.startsWith("content/") && text.includes(trial.cover))
    .map(([name, text]) => [name, text.replaceAll(trial.cover, "no-such-cover.jpg")]);
  await writeFiles(site.folder, Object.fromEntries(broken));
  const { hugo, check } = await build(site);
  if (hugo.code !== 0) return [`with a broken cover hugo fails: ${hugo.output.slice(-300)}`];
  const emitted = await readFile(
    path.join(site.folder, "public", trial.pages[0] ?? "", "index.html"),
    "utf8",
  );
  if (!emitted.includes("no-such-cover.jpg")) return ["a broken cover does not reach the page"];
  if (check.code !== 1) return [`exits ${check.code} with a broken cover`];
  return check.output.includes("no-such-cover.jpg") ? [] : ["does not name the broken cover"];
}

/** Writes files below a folder. */
async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
