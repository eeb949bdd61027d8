import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { extremes, moduleRoot } from "../hugo-site.ts";

const run = promisify(execFile);

/** Packages as a release has them, each a `.tgz` at an address, and where npm has installed them. */
export interface Installed {
  readonly folder: string;
  readonly packageJson: string;
  readonly lockfile: string;
}

/**
 * Packs this package as a release does, and installs it with npm and with what it depends on.
 * The blog's other package, hugo-extended, downloads Hugo from GitHub; here it is a package with the same command, which is the
 * newest Hugo of this machine.
 * @param atEnd ends the registry when no test installs from it any more.
 */
export async function installPackages(folder: string, atEnd: (end: () => void) => void): Promise<Installed> {
  const packed = path.join(folder, "packages");
  const hugo = path.join(folder, "hugo-extended");
  const site = path.join(folder, "installed");
  for (const one of [packed, hugo, site]) await mkdir(one);
  await writeFile(
    path.join(hugo, "package.json"),
    JSON.stringify({ name: "hugo-extended", version: "0.1.0", bin: { hugo: "hugo.sh" } }),
  );
  await writeFile(path.join(hugo, "hugo.sh"), `#!/bin/sh\nexec "${extremes.at(-1)?.path}" "$@"\n`, {
    mode: 0o755,
  });
  // The build that prepare would make is there already.
  for (const one of [moduleRoot, hugo])
    await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", packed], { cwd: one });
  const address = await serveFiles(packed, atEnd);
  const archives = Object.fromEntries(
    (await readdir(packed)).map((file) => [file.replace(/-\d.*$/, ""), `${address}${file}`]),
  );
  const packageJson = JSON.stringify({ name: "blog", private: true, devDependencies: archives });
  await writeFile(path.join(site, "package.json"), packageJson);
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: site });
  return { folder: site, packageJson, lockfile: path.join(site, "package-lock.json") };
}

/** Files of a blog by path; its history has one commit a day from 2020-01-01 on. */
export type Commit = Readonly<Record<string, string>>;

/** A repository with one branch. @returns its address. */
export async function createRepository(folder: string, commits: readonly Commit[]): Promise<string> {
  await mkdir(folder);
  await git(folder, ["init", "--quiet", "--initial-branch", "main"]);
  for (const [at, files] of commits.entries()) await commit(folder, files, `2020-01-0${at + 1}T12:00:00Z`);
  return `file://${folder}`;
}

export async function commit(folder: string, files: Commit, date: string): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  await git(folder, ["add", "--all"]);
  await git(folder, ["commit", "--quiet", "--message", "change"], date);
  return (await git(folder, ["rev-parse", "HEAD"])).trim();
}

export async function git(
  cwd: string,
  args: readonly string[],
  date = "2020-01-01T12:00:00Z",
): Promise<string> {
  const { stdout } = await run("git", args, {
    cwd,
    env: { ...process.env, ...gitEnvironment, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  return stdout;
}

/** A committer, and leave to clone a submodule from this disk, which git refuses otherwise. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@blog.example",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@blog.example",
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "protocol.file.allow",
  GIT_CONFIG_VALUE_0: "always",
};

async function serveFiles(folder: string, atEnd: (end: () => void) => void): Promise<string> {
  const server = createServer((request, response) => {
    createReadStream(path.join(folder, path.basename(request.url ?? "")))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  atEnd(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
