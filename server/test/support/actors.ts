import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface ActorOptions {
  readonly role: "write" | "read" | "sweep";
  readonly folder: string;
  /** The number of photographs that the roles use in turn. */
  readonly keys?: number;
  /** Undefined: the role runs until it is stopped. */
  readonly count?: number;
  readonly atOnce?: number;
  /** Limit of a sweep. */
  readonly limits?: Readonly<Record<string, number>>;
}

export interface Totals {
  readonly done: number;
  readonly bad: number;
  readonly missed: number;
  readonly failed: number;
}

export interface Actor {
  /** Resolves when the role begins. */
  readonly ready: Promise<void>;
  /** Its counts; those of a killed role are not known. */
  readonly totals: Promise<Totals>;
  readonly stop: () => void;
  readonly kill: () => Promise<void>;
}

/** Starts a replica in its own process. */
export function startActor(options: ActorOptions): Actor {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "cache-actor.mjs"), JSON.stringify(options)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = lines.next().then(() => undefined);
  const totals = ready.then(async () => parseTotals((await lines.next()).value ?? "{}"));
  return {
    ready,
    totals,
    stop: () => child.kill("SIGTERM"),
    kill: () => kill(child),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function parseTotals(line: string): Totals {
  const { done = 0, bad = 0, missed = 0, failed = 0 } = JSON.parse(line);
  return { done, bad, missed, failed };
}
