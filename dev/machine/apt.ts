import { execFile } from "node:child_process";
import { access, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** Debian packages, unpacked into a folder without changing the system. */
export interface Apt {
  /** Every version that apt can download, oldest first. */
  versions(packageName: string): Promise<readonly string[]>;
  /** Unpacks one package and returns the folder that stands for `/`. */
  unpack(packageName: string, version: string): Promise<string>;
}

/**
 * apt with its own lists and archives below `folder`.
 * @param suites Debian suites to search; default: the machine's sources.
 * @throws Error if there is no apt, or it cannot download anything.
 */
export async function openApt(folder: string, suites?: readonly string[]): Promise<Apt> {
  await mkdir(path.join(folder, "lists", "partial"), { recursive: true });
  await mkdir(path.join(folder, "cache", "archives", "partial"), { recursive: true });
  const options = [
    "-qq",
    ...["-o", `Dir::State::lists=${path.join(folder, "lists")}`],
    ...["-o", `Dir::Cache=${path.join(folder, "cache")}`],
    // As root, apt switches to a user that cannot write into the project.
    ...["-o", "APT::Sandbox::User=root"],
    ...(suites === undefined ? [] : await suiteOptions(folder, suites)),
  ];
  await run("apt-get", [...options, "update"]);
  return {
    async versions(packageName) {
      const { stdout } = await run("apt-cache", [...options, "madison", packageName]);
      const versions = stdout.split("\n").map((line) => line.split("|")[1]?.trim() ?? "");
      return [...new Set(versions.filter(Boolean))].sort((a, b) =>
        a.localeCompare(b, "en", { numeric: true }),
      );
    },
    async unpack(packageName, version) {
      const root = path.join(folder, `${packageName}_${version.replace(/[^A-Za-z0-9.-]/g, "_")}`);
      if (await exists(root)) return root;
      await mkdir(`${root}.part`, { recursive: true });
      await run("apt-get", [...options, "download", `${packageName}=${version}`], { cwd: `${root}.part` });
      for (const archive of (await readdir(`${root}.part`)).filter((name) => name.endsWith(".deb")))
        await run("dpkg-deb", ["-x", archive, "."], { cwd: `${root}.part` });
      await rename(`${root}.part`, root);
      return root;
    },
  };
}

/** Libraries that Debian's Hugo needs; a bare machine has none of them, or versions that are too old for a newer Hugo. */
const libraries = ["libwebp7", "libsharpyuv0", "libsass1"];

/** Unpacks one Hugo with its libraries; returns the command that runs it. */
export async function installWrapper(apt: Apt, version: string, cache: string): Promise<string> {
  const file = path.join(cache, version.split("-")[0] ?? version, "hugo");
  const roots = [];
  for (const library of libraries) {
    const versions = await apt.versions(library);
    const chosen = versions.findLast((version) => version.includes("bpo12")) ?? versions[0];
    if (chosen !== undefined) roots.push(await apt.unpack(library, chosen));
  }
  const root = await apt.unpack("hugo", version);
  await mkdir(path.dirname(file), { recursive: true });
  const libraryPath = (await Promise.all(roots.map(libraryFolders))).flat().join(":");
  const script = `#!/bin/sh\nLD_LIBRARY_PATH="${libraryPath}" exec "${root}/usr/bin/hugo" "$@"\n`;
  await writeFile(`${file}.part`, script, { mode: 0o755 });
  await rename(`${file}.part`, file);
  return file;
}

// --- suites ---

const run = promisify(execFile);

async function suiteOptions(folder: string, suites: readonly string[]): Promise<string[]> {
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(SITE)", "Created-By: Packages"]);
  const site = stdout.split("\n").find((line) => line !== "" && !line.includes("security"));
  if (site === undefined) throw new Error("apt has no sources here");
  const list = path.join(folder, "sources.list");
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  await writeFile(list, suites.map((suite) => `deb [signed-by=${keyring}] ${site} ${suite} main\n`).join(""));
  return [
    ...["-o", `Dir::Etc::sourcelist=${list}`],
    ...["-o", "Dir::Etc::sourceparts=/dev/null"],
    ...["-o", "Dir::Etc::preferences=/dev/null"],
    ...["-o", "Dir::Etc::preferencesparts=/dev/null"],
  ];
}

/** `usr/lib/x86_64-linux-gnu` and similar. */
async function libraryFolders(root: string): Promise<string[]> {
  const lib = path.join(root, "usr", "lib");
  const entries = await readdir(lib, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(lib, entry.name));
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
