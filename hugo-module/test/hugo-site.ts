import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { type Hugo, obtainHugoVersions } from "../../dev/hugo.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether sites are built on every Hugo (`npm run test:hugo`); if absent, on the oldest and the newest. */
    readonly everyHugo?: boolean;
  }
}

/** The module's root: the repository. */
export const moduleRoot: string = fileURLToPath(new URL("../..", import.meta.url));

/** The result of one build. */
export interface Built {
  /** Published files by path, such as `posts/a/index.html`. */
  readonly files: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** Why it failed; empty for a build that succeeded. */
  readonly errors: readonly string[];
  /** Everything that Hugo printed. */
  readonly output: string;
}

export interface BuildOptions {
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const obtained = await obtainHugoVersions();

/** The oldest and the newest Hugo, for tests in which the versions between them behave the same. */
export const extremes: readonly Hugo[] = obtained.filter((_, at) => at === 0 || at === obtained.length - 1);

/** The versions of Hugo that tests run on, oldest first. If the machine cannot get them, it is empty and a line says so. */
export const hugos: readonly Hugo[] = inject("everyHugo") ? obtained : extremes;
if (hugos.length === 0) {
  console.log("no Hugo could be obtained (it takes Debian's apt): the tests that build sites are skipped");
  if (process.env.CI) throw new Error("CI must be able to build sites: apt reached no Hugo packages");
}

/** A site's files by path; the module is imported and the endpoint set unless `config.toml` is among them. */
export async function createSite(files: Readonly<Record<string, string | Uint8Array>>): Promise<TestSite> {
  const folder = await mkdtemp(path.join(tmpdir(), "hugo-site-"));
  for (const [name, content] of Object.entries({ ...defaultFiles, ...files })) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return {
    folder,
    build: (hugo, options) => buildSite(folder, hugo, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface TestSite extends AsyncDisposable {
  readonly folder: string;
  build(hugo: Hugo, options?: BuildOptions): Promise<Built>;
}

/** `config.toml` of a site that imports the module, with lines to add. */
export function siteConfig(lines = ""): string {
  return `baseURL = "https://blog.example/"
disableKinds = ["taxonomy", "term", "sitemap"]
${lines}
[[module.imports]]
path = "github.com/imgproxy-lite/imgproxy-lite"
`;
}

/** The text of an attribute, as a browser reads it. */
export function unescapeHtml(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/**
 * Copies the example blog, without what a build in the checkout has left: an older Hugo does not remove pages that only a newer one makes.
 */
export async function copyExampleSite(folder: string): Promise<void> {
  const left = new Set(
    ["public", "resources", ".hugo_build.lock"].map((name) => path.join(exampleSite, name)),
  );
  await cp(exampleSite, folder, { recursive: true, filter: (file) => !left.has(file) });
}

const exampleSite = path.join(moduleRoot, "hugo-module", "exampleSite");

// --- building ---

const defaultFiles = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"'),
  "layouts/_default/single.html": "{{ .Content }}",
  "layouts/_default/list.html": "{{ .Content }}",
};

/** Builds an existing site, with the working copy as the module. */
export async function buildSite(folder: string, hugo: Hugo, options: BuildOptions = {}): Promise<Built> {
  const public_ = await mkdtemp(path.join(tmpdir(), "hugo-public-"));
  try {
    const { output, exitCode } = await runHugo(
      folder,
      hugo,
      [...["--destination", public_, "--noBuildLock"], ...(options.arguments ?? [])],
      options.env,
    );
    return {
      files: await readTree(public_),
      warnings: linesOf(output, "WARN"),
      errors: exitCode === 0 ? [] : linesOf(output, "ERROR|Error"),
      output,
    };
  } finally {
    await rm(public_, { recursive: true, force: true });
  }
}

/** Runs Hugo on a site with the working copy as the module, unless `env` has an empty HUGO_MODULE_REPLACEMENTS. */
export function runHugo(
  folder: string,
  hugo: Hugo,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ output: string; exitCode: number }> {
  return new Promise((resolve) => {
    const child = execFile(
      hugo.path,
      [...args],
      {
        cwd: folder,
        env: hugoEnvironment(folder, env),
        maxBuffer: 64 * 1024 * 1024,
      },
      (_, stdout, stderr) => resolve({ output: stdout + stderr, exitCode: child.exitCode ?? 1 }),
    );
  });
}

/** A home and a cache inside the site. An empty variable is left out, because Hugo reports it as an error. */
export function hugoEnvironment(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const all = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    HUGO_CACHEDIR: path.join(folder, ".cache"),
    HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}`,
    ...env,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** Lines of a level, without the time stamps of older versions. */
function linesOf(output: string, level: string): string[] {
  const start = new RegExp(`^(?:${level}):? +(?:[0-9/]+ [0-9:]+ )?`);
  return output
    .split("\n")
    .filter((line) => start.test(line))
    .map((line) => line.replace(start, ""));
}

async function readTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(async (file) => [path.relative(folder, file), await readFile(file, "utf8")] as const),
    ),
  );
}
