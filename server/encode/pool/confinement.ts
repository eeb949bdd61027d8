import { once } from "node:events";
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess } from "../../concurrency/child-process.ts";
import { readProcFile } from "../../concurrency/proc-file.ts";
import { encoderProgram } from "./encoder-program.ts";

/**
 * A Landlock domain for encoders: they read the program and the folders of the system, write nothing, and cannot read the
 * environment or memory of a process outside the domain, such as the server. Node cannot use Landlock itself; setpriv of
 * util-linux 2.41 can.
 */
export interface Confinement {
  /** The words to put before a command so that it runs confined; empty if the machine does not have Landlock. */
  readonly prefix: readonly string[];
}

export const unconfined: Confinement = { prefix: [] };

/**
 * Finds out whether the machine has Landlock and a setpriv for it.
 * @param setpriv the command; tests use another one.
 * @param also other files that encoders may read.
 */
export async function findConfinement(
  setpriv: readonly string[] = ["/usr/bin/setpriv"],
  also: readonly string[] = [],
): Promise<Confinement> {
  if (process.platform !== "linux") return unconfined;
  const paths = new Set([...systemPaths, ...programPaths(), ...also]);
  const rules = [...paths].filter((path) => existsSync(path)).map(ruleToRead);
  const prefix = [
    ...setpriv,
    // Without this option, only root may confine itself.
    "--no-new-privs",
    ...(seesAllProcesses() ? ["--bounding-set=-perfmon,-sys_admin"] : []),
    "--landlock-access=fs",
    ...[...rules, "read-file,write-file:/dev/null"].map((rule) => `--landlock-rule=path-beneath:${rule}`),
  ];
  const [file = "", ...args] = [...prefix, ...setpriv, "--version"];
  const { child } = startProcess(file, args, { stdio: "ignore", env: {} });
  const [code] = child === undefined ? [1] : await once(child, "exit");
  return code === 0 ? { prefix } : unconfined;
}

function ruleToRead(path: string): string {
  // The kernel refuses rights for folders on a file.
  return `${statSync(path).isDirectory() ? "read-file,read-dir" : "read-file"},execute:${path}`;
}

/** Libraries, commands, kernel information, and the configuration of OpenSSL, without which some builds of Node do not start. */
const systemPaths = [
  ...["/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/gnu/store"],
  ...["/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/proc", "/sys", "/dev/urandom"],
];

/** Node, this package, and its dependencies. */
function programPaths(): string[] {
  const sharp = fileURLToPath(import.meta.resolve("sharp"));
  const modules = "/node_modules/";
  const node = realpathSync(process.execPath);
  return [
    node,
    join(dirname(node), "../lib"),
    join(dirname(encoderProgram()), "../../../.."),
    sharp.slice(0, sharp.indexOf(modules) + modules.length),
  ];
}

/** With CAP_PERFMON or CAP_SYS_ADMIN, root reads the environment of any process, in spite of Landlock. */
function seesAllProcesses(): boolean {
  const [, effective = "0"] = /^CapEff:\t([0-9a-f]+)$/m.exec(readProcFile("/proc/self/status")) ?? [];
  return (BigInt(`0x${effective}`) & ((1n << 38n) | (1n << 21n))) !== 0n;
}
