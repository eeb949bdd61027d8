import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { encoderProgram, WorkerDied } from "./pool/worker.ts";

/** No encoder starts, so that there is nothing to serve with; the message says why and what to do. */
export class NoEncoder extends Error {}

/** Another user for the encoders. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

/** What the operator is told when the first encoder does not start. @returns the error itself when it is something else. */
export function explainNoEncoder(error: unknown, user: User | undefined): unknown {
  if (!(error instanceof WorkerDied)) return error;
  return new NoEncoder(reasonFor(error, user), { cause: error });
}

function reasonFor(death: WorkerDied, user: User | undefined): string {
  const closed = user === undefined ? undefined : firstClosed(user, programPaths());
  if (user !== undefined && closed !== undefined)
    return (
      `ENCODER_USER: user ${user.uid}:${user.gid} may not ${closed.may} ${closed.path}, which encoders run from. ` +
      "Install the program where every user may read it, such as below /opt, or unset ENCODER_USER"
    );
  if (user !== undefined && /\bEPERM\b/.test(death.message))
    return (
      `ENCODER_USER: the system lets no process start as ${user.uid}:${user.gid} (${death.message}). ` +
      "Give the server CAP_SETUID and CAP_SETGID, or unset ENCODER_USER"
    );
  if (death.reason === "unstarted")
    return (
      `no encoder can be started: ${death.message}. ` +
      "EMFILE: raise `ulimit -n`; EAGAIN: raise `ulimit -u` or the pod's limit of processes; ENOMEM: give it memory"
    );
  return `an encoder ended as it started: ${complaintIn(death.message)}. Install again: npm ci && npm run build`;
}

/** The line that a stack trace is about; where there is none, the last line. */
function complaintIn(words: string): string {
  const lines = words.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "it said nothing";
}

// --- what a user may read ---

/** Node itself, the encoder's module and its image library: what the first steps of an encoder read. */
function programPaths(): string[] {
  return [process.execPath, encoderProgram(), fileURLToPath(import.meta.resolve("sharp"))];
}

/** The first folder or file on the way to any of these that is shut to a user, by its mode. */
function firstClosed(user: User, paths: readonly string[]) {
  for (const path of paths)
    for (const one of ancestors(path)) {
      const stats = statSync(one, { throwIfNoEntry: false });
      const isFolder = stats?.isDirectory() === true;
      if (stats !== undefined && !isOpenTo(user, stats, isFolder ? 1 : 4))
        return { path: one, may: isFolder ? "enter" : "read" };
    }
  return undefined;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}

/** @param right 4 to read, 1 to enter. */
function isOpenTo({ uid, gid }: User, stats: Stats, right: 1 | 4): boolean {
  const shift = stats.uid === uid ? 6 : stats.gid === gid ? 3 : 0;
  return uid === 0 || ((stats.mode >> shift) & right) !== 0;
}
