import { createHash } from "node:crypto";
import { bytesIn, type Pieces } from "../../formats/pieces.ts";
import type { WorkerDied } from "./worker-died.ts";

const STRIKES = 2;

/** The oldest are forgotten early: each one has cost a child, so this does not fill quickly. */
const MOST = 1_000;

export interface QuarantineOptions {
  /** How long failures count, in milliseconds. */
  readonly memoryMs?: number;
  readonly now?: () => number;
}

/**
 * Whether a death may be the job's fault. A crash may; a missed deadline only if the child had the CPU for it, because wall time depends
 * on other load; a lack of memory only in a new child, because in another one the jobs before it may have taken it. Even a new child
 * can lack what the whole machine has run out of, such as threads: so one death of any kind decides nothing.
 */
export function isSuspect({ reason, isFirstJob, cpuMs = 0 }: WorkerDied, deadlineMs: number): boolean {
  if (reason === "memory") return isFirstJob;
  return reason === "crash" || cpuMs >= 0.8 * deadlineMs;
}

/**
 * Remembers what killed children: an original with its variant. After two failures within an hour it is not tried for an hour;
 * otherwise one bad photograph would cost a child for every reader.
 */
export class Quarantine {
  readonly #strikes = new Map<string, { readonly count: number; readonly until: number }>();
  readonly #memoryMs: number;
  readonly #now: () => number;

  constructor(options: QuarantineOptions = {}) {
    this.#memoryMs = options.memoryMs ?? 3_600_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether this is quarantined. A hash is computed only for originals of a length that has failed. */
  isQuarantined(original: Pieces, operation: string): boolean {
    this.#forget();
    const alike = prefixOf(original, operation);
    if (![...this.#strikes.keys()].some((name) => name.startsWith(alike))) return false;
    return (this.#strikes.get(nameOf(original, operation))?.count ?? 0) >= STRIKES;
  }

  recordFailure(original: Pieces, operation: string): void {
    const name = nameOf(original, operation);
    const count = (this.#strikes.get(name)?.count ?? 0) + 1;
    this.#strikes.delete(name);
    this.#strikes.set(name, { count, until: this.#now() + this.#memoryMs });
    const [oldest] = this.#strikes.keys();
    if (this.#strikes.size > MOST && oldest !== undefined) this.#strikes.delete(oldest);
  }

  #forget(): void {
    for (const [name, { until }] of this.#strikes) {
      if (until > this.#now()) return;
      this.#strikes.delete(name);
    }
  }
}

function nameOf(original: Pieces, operation: string): string {
  const hash = createHash("sha256");
  for (const piece of original) hash.update(piece);
  return prefixOf(original, operation) + hash.digest("hex");
}

function prefixOf(original: Pieces, operation: string): string {
  return `${bytesIn(original)} ${operation} `;
}
