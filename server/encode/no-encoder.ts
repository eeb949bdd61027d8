import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Repairable } from "../errors.ts";
import { encoderProgram } from "./pool/encoder-program.ts";
import { WorkerDied } from "./pool/worker-died.ts";

/** No encoder starts, so the server cannot work; the message has the reason and the remedy. */
export class NoEncoder extends Repairable {}

/** Another user for the encoders. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

/** The message for the operator if the first encoder does not start. @returns the error itself for any other error. */
export function explainNoEncoder(error: unknown, user: User | undefined): unknown {
  if (!(error instanceof WorkerDied)) return error;
  return new NoEncoder(reasonFor(error, user), { cause: error });
}

function reasonFor(death: WorkerDied, user: User | undefined): string {
  const closed = user === undefined ? undefined : firstClosed(user, programPaths());
  if (user !== undefined && closed !== undefined)
    return (
      `ENCODER_USER: user ${user.uid}:${user.gid} may not ${closed.may} ${closed.path}, which the encoders need. ` +
      "Install the program where every user may read it, such as below /opt, or unset ENCODER_USER"
    );
  if (user !== undefined && /\bEPERM\b/.test(death.message))
    return (
      `ENCODER_USER: the system does not allow a process as ${user.uid}:${user.gid} (${death.message}). ` +
      "Give the server CAP_SETUID and CAP_SETGID, or unset ENCODER_USER"
    );
  if (death.reason === "unstarted")
    return (
      `no encoder can be started: ${death.message}. ` +
      "EMFILE: raise `ulimit -n`; EAGAIN: raise `ulimit -u` or the pod's limit of processes; ENOMEM: give it memory"
    );
  return `an encoder exited at its start: ${complaintIn(death.message)}. Reinstall: npm ci && npm run build`;
}

/** The line with the message in a stack trace; if there is none, the last line. */
function complaintIn(words: string): string {
  const lines = words.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "it said nothing";
}

// --- what a user may read ---

/** Node itself, the encoder's module and its image library: the first files that an encoder reads. */
function programPaths(): string[] {
  return [process.execPath, encoderProgram(), fileURLToPath(import.meta.resolve("sharp"))];
}

/** The first folder or file on the way to any of these that a user cannot access, by its mode. */
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
