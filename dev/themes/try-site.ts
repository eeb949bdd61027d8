import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Hugo } from "../hugo.ts";

/** The folder of a site, and what is needed to publish it. */
export interface TriedSite {
  readonly folder: string;
  readonly hugo: Hugo;
  /** The proxy's URL. */
  readonly endpoint: string;
  /** The URL at which the pages are served. */
  readonly baseURL: string;
  /** Hugo's. */
  readonly environment: string;
}

export interface Ran {
  readonly code: number;
  readonly output: string;
}

// The repository, from the sources (dev/themes/) or from the compiled program (dist/dev/themes/).
const root = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../" : "../../../", import.meta.url),
);

/** Publishes as CI does: `imgproxy-lite scan`, which writes the manifest, then {@link build}. */
export async function publish(site: TriedSite): Promise<Built> {
  const scanned = await scan(site);
  if (scanned.code !== 0) throw new Error(`the scan exits ${scanned.code}: ${scanned.output}`);
  return await build(site);
}

export interface Built {
  readonly hugo: Ran;
  readonly check: Ran;
}

/** `hugo`, then `imgproxy-lite scan --check public`. */
export async function build(site: TriedSite): Promise<Built> {
  await rm(path.join(site.folder, "public"), { recursive: true, force: true });
  const hugo = await run(site, site.hugo.path, ["--noBuildLock"]);
  if (hugo.code !== 0) return { hugo, check: { code: -1, output: "hugo failed" } };
  return { hugo, check: await scan(site, "--check", "public") };
}

function scan(site: TriedSite, ...args: readonly string[]): Promise<Ran> {
  const executable = path.join(root, "bin", "imgproxy-lite.js");
  const version = ["--hugo-version", site.hugo.version];
  return run(site, process.execPath, [executable, "scan", "--effort", "0", ...version, ...args]);
}

function run(
  { folder, endpoint, baseURL, environment }: TriedSite,
  file: string,
  args: readonly string[],
): Promise<Ran> {
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    HUGO_CACHEDIR: path.join(folder, ".cache"),
    HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${root}`,
    HUGO_BASEURL: baseURL,
    HUGO_ENVIRONMENT: environment,
    HUGO_PARAMS_IMGPROXY_ENDPOINT: endpoint,
    // Two small files for each photograph are enough for the test, and quick to make.
    HUGO_PARAMS_IMGPROXY_TIERS: '[{"width": 480, "quality": 50}, {"width": 960, "quality": 40}]',
    TOKEN,
  };
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

/** The token of the server that the sites are tested with. */
export const TOKEN = "of-a-server-for-tests-alone";
