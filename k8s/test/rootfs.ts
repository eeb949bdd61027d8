import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type Copy, copiesOf, type Stage } from "./containerfile.ts";

/**
 * An image's files in a folder, without an engine: the files that the Containerfile copies. Instead of the bases, it has this
 * machine's node with the libraries and commands of a system.
 */
export interface Rootfs {
  readonly folder: string;
  /** Runs a command in it, as an engine would with `--read-only --cap-drop ALL --security-opt no-new-privileges`. */
  run(command: readonly string[], env: Readonly<Record<string, string>>): ChildProcess;
  remove(): void;
}

const USER = 65532;

/**
 * Does the same as a build: the build stage's commands in a separate folder, then the copies of the last stage. Only
 * `npm ci` does not run again: the packages that it installed from the same lockfile are linked in.
 * @param system the folder of a system that has the commands and libraries of the bases; `/` is this machine's.
 */
export function buildRootfs(
  context: string,
  [build, runtime]: readonly [Stage, Stage],
  system: string,
): Rootfs {
  mkdirSync(path.join(context, ".cache"), { recursive: true });
  // On the same file system, because of the hard links.
  const work = mkdtempSync(path.join(context, ".cache/rootfs-"));
  const stage = path.join(work, "stage");
  const folder = path.join(work, "root");
  const workdir = path.join(stage, workdirOf(build));
  for (const copy of copiesOf(build)) copyInto(copy, context, workdir);
  link(path.join(context, "node_modules"), path.join(workdir, "node_modules"));
  for (const { keyword, rest } of build.instructions)
    if (keyword === "RUN" && !rest.startsWith("npm ci "))
      runIn(workdir, rest.replaceAll(" /usr/", ` ${path.join(system, "usr")}/`));
  for (const copy of copiesOf(runtime))
    copyInto(copy, copy.from === undefined ? context : stage, path.join(folder, workdirOf(runtime)), folder);
  addBase(folder, system);
  rmSync(stage, { recursive: true, force: true });
  return {
    folder,
    run: (command, env) =>
      spawn("unshare", ["--mount", "sh", "-ec", enter, "sh", folder, ...command], { env }),
    remove: () => rmSync(work, { recursive: true, force: true }),
  };
}

function runIn(folder: string, command: string): void {
  execFileSync("sh", ["-c", command], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

// --- files ---

/** `root` is the folder for absolute targets; a build stage has none. */
function copyInto({ sources, target, owner }: Copy, from: string, workdir: string, root = workdir): void {
  for (const source of sources) {
    const origin = path.join(from, source);
    const base = path.isAbsolute(target) ? path.join(root, target) : path.join(workdir, target);
    const into = target.endsWith("/") ? path.join(base, path.basename(source)) : base;
    if (path.basename(source) === "node_modules") link(origin, into);
    // As in .containerignore.
    else cpSync(origin, into, { recursive: true, filter: (file) => path.basename(file) !== "test" });
    if (owner !== undefined) {
      const [user = 0, group = 0] = owner.split(":").map(Number);
      chownSync(into, user, group);
    }
  }
}

/** A copy by hard links, which needs no space and no time. */
function link(folder: string, target: string): void {
  mkdirSync(path.dirname(target), { recursive: true });
  execFileSync("cp", ["-al", folder, target]);
}

function workdirOf(stage: Stage): string {
  return stage.instructions.find(({ keyword }) => keyword === "WORKDIR")?.rest ?? "/";
}

/** The parts of the base that we use: node at its place in distroless, the libraries that node and sharp link to, no shell. */
function addBase(folder: string, system: string): void {
  const node = process.execPath;
  place(node, path.join(folder, "nodejs/bin/node"));
  const binaries = readdirSync(path.join(folder, "app/node_modules/@img"), {
    recursive: true,
    encoding: "utf8",
  });
  const sharp = binaries
    .filter((file) => file.endsWith(".node"))
    .map((file) => path.join(folder, "app/node_modules/@img", file));
  for (const library of [node, ...sharp].flatMap(librariesOf))
    place(path.join(system, "usr", library.replace("/usr/", "/")), path.join(folder, library));
  for (const empty of ["proc", "tmp", "dev", "photos", "etc"])
    mkdirSync(path.join(folder, empty), { recursive: true });
  for (const device of ["dev/null", "dev/urandom"]) writeFileSync(path.join(folder, device), "");
  writeFileSync(path.join(folder, "etc/hosts"), "127.0.0.1 localhost\n");
}

/** Only libraries of the system; those of packages are in the image already. */
function librariesOf(file: string): string[] {
  const links = execFileSync("ldd", [file], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g);
  return [...links].flatMap(([, library = ""]) => (/^\/(usr\/)?lib/.test(library) ? [library] : []));
}

function place(file: string, target: string): void {
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(file, target);
}

// --- processes ---

/** Makes mounts that no other process sees, then gives up root and every capability, and the means to gain one. */
const enter = `
root=$1; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
for device in null urandom; do mount --bind /dev/$device "$root/dev/$device"; done
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o size=256m,uid=${USER},gid=${USER} tmpfs "$root/var/cache/imgproxy-lite"
exec setpriv --no-new-privs --bounding-set=-all,+setuid,+setgid,+sys_chroot \\
  /usr/sbin/chroot --userspec=${USER}:${USER} --groups= "$root" "$@"
`;

/** The kernel's data of a process: its user, its capabilities, and whether it can gain any. */
export function statusOf(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").trim().split("\n");
  return new Map(lines.map((line) => [line.split(":")[0] ?? "", line.slice(line.indexOf(":") + 1).trim()]));
}

export function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
