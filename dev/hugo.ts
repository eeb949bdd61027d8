import { execFile } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compareVersions, OLDEST_HUGO } from "../scan/site/hugo-version.ts";
import { installWrapper, openApt } from "./machine/apt.ts";
import { withLock } from "./machine/lock.ts";

/** A Hugo that runs on this machine. */
export interface Hugo {
  readonly path: string;
  /** Such as `0.111.3`. */
  readonly version: string;
  /** Where it came from, for people. */
  readonly from: string;
}

/** Folder for a Hugo that is not on PATH: inside the project, so that the system does not change. */
export const hugoCache: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../.cache/hugo/" : "../../.cache/hugo/", import.meta.url),
);

/**
 * The Hugo on PATH if it is new enough; otherwise one from Debian's, npm's or Python's packages.
 * @throws Error that says what was tried and what to install.
 */
export async function obtainHugo(cache: string = hugoCache): Promise<Hugo> {
  const onPath = await probe("hugo", "PATH");
  if (onPath !== undefined && compareVersions(onPath.version, OLDEST_HUGO) >= 0) return onPath;
  // Any Hugo that is already here is fine, also one that the tests downloaded.
  const findKnown = async (): Promise<Hugo | undefined> =>
    (await readCommands(cache, "obtained")).at(-1) ?? (await readCommands(cache, "versions")).at(-1);
  const here = await findKnown();
  if (here !== undefined) return here;
  return await withLock(cache, async () => {
    const known = await findKnown();
    if (known !== undefined) return known;
    const failures: string[] = [];
    for (const [name, obtain] of Object.entries(ways)) {
      try {
        const file = await obtain(cache);
        const hugo = await probe(file, name);
        if (hugo === undefined) throw new Error("what was unpacked does not run here");
        await writeCommands(cache, "obtained", [file]);
        return hugo;
      } catch (error) {
        failures.push(`${name}: ${reason(error)}`);
      }
    }
    const found = onPath === undefined ? "No Hugo is on PATH" : `The Hugo on PATH is ${onPath.version}`;
    throw new Error(
      `${found}, and none could be obtained:\n  ${failures.join("\n  ")}\nInstall Hugo ${OLDEST_HUGO} or newer: https://gohugo.io/installation/`,
    );
  });
}

/**
 * Several Hugo versions, oldest first, from the Debian suites that apt can reach; empty if there is no apt. The newest changes:
 * it is the version in Debian's unstable today.
 */
export async function obtainHugoVersions(cache: string = hugoCache): Promise<readonly Hugo[]> {
  const here = await readCommands(cache, "versions");
  if (here.length > 0) return here;
  return await withLock(cache, async () => {
    const known = await readCommands(cache, "versions");
    if (known.length > 0) return known;
    return await unpackVersions(cache).catch(() => []);
  });
}

// --- ways to a Hugo ---

const run = promisify(execFile);

const ways: Readonly<Record<string, (cache: string) => Promise<string>>> = {
  "Debian packages, unpacked": async (cache) => {
    const apt = await openApt(path.join(cache, "apt"));
    const version = (await apt.versions("hugo")).at(-1);
    if (version === undefined) throw new Error("no package named hugo");
    return await installWrapper(apt, version, cache);
  },
  "npm's hugo-extended": async (cache) => {
    const prefix = path.join(cache, "npm");
    await run("npm", [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--prefix",
      prefix,
      "hugo-extended",
    ]);
    return path.join(prefix, "node_modules", ".bin", "hugo");
  },
  "Python's hugo wheel": async (cache) => {
    const target = path.join(cache, "pip");
    await run("python3", ["-m", "venv", target]);
    await run(path.join(target, "bin", "pip"), ["install", "--quiet", "--retries", "1", "hugo"]);
    return path.join(target, "bin", "hugo");
  },
};

async function probe(file: string, from: string): Promise<Hugo | undefined> {
  try {
    const { stdout } = await run(file, ["version"]);
    const version = /\bv([0-9]+\.[0-9]+\.[0-9]+)/.exec(stdout)?.[1];
    return version === undefined ? undefined : { path: file, version, from };
  } catch {
    return undefined;
  }
}

// --- several versions ---

const suites = ["bookworm", "bookworm-backports", "trixie", "forky", "sid"];

async function unpackVersions(cache: string): Promise<readonly Hugo[]> {
  const apt = await openApt(path.join(cache, "apt-suites"), suites);
  const files: string[] = [];
  for (const version of await apt.versions("hugo")) files.push(await installWrapper(apt, version, cache));
  await writeCommands(cache, "versions", files);
  return await readCommands(cache, "versions");
}

/** `.cache/hugo/obtained` and `.cache/hugo/versions` contain the commands that a first run created, one path a line. */
async function readCommands(cache: string, name: "obtained" | "versions"): Promise<readonly Hugo[]> {
  const listed = await readFile(path.join(cache, name), "utf8").catch(() => "");
  const hugos = await Promise.all(
    listed
      .split("\n")
      .filter(Boolean)
      .map((file) => probe(file, "the project's cache")),
  );
  return hugos
    .filter((hugo) => hugo !== undefined)
    .filter((hugo) => compareVersions(hugo.version, OLDEST_HUGO) >= 0)
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** Whole or not at all: others read it without the lock. */
async function writeCommands(cache: string, name: "obtained" | "versions", files: readonly string[]) {
  const file = path.join(cache, name);
  await writeFile(`${file}.part`, files.join("\n"));
  await rename(`${file}.part`, file);
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n").at(-1) ?? text;
}
