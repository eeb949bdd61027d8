import { createHash } from "node:crypto";
import type { WorkerDied } from "./worker.ts";

const STRIKES = 2;

/** More are forgotten before their hour: each has cost a child, so nobody fills this quickly. */
const MOST = 1_000;

export interface QuarantineOptions {
  /** How long strikes count, in milliseconds. */
  readonly memoryMs?: number;
  readonly now?: () => number;
}

/**
 * How much a death speaks against the variant: a crash does, a missed deadline only when the child had the CPU for it, for
 * wall time says how busy the machine was. What took more memory than it may will take it again.
 */
export function strikesOf(death: WorkerDied, deadlineMs: number): number {
  if (death.reason === "memory") return STRIKES;
  return death.reason === "crash" || (death.cpuMs ?? 0) >= 0.8 * deadlineMs ? 1 : 0;
}

/**
 * Remembers what killed children: an original and what was made of it. Two strikes within an hour and it is not tried
 * again for an hour, or one bad photograph would cost a child for every reader.
 */
export class Quarantine {
  readonly #strikes = new Map<string, { readonly count: number; readonly until: number }>();
  readonly #memoryMs: number;
  readonly #now: () => number;

  constructor(options: QuarantineOptions = {}) {
    this.#memoryMs = options.memoryMs ?? 3_600_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether this has struck out. Only an original of a length that has struck costs a hash. */
  isQuarantined(original: Uint8Array, operation: string): boolean {
    this.#forget();
    const alike = prefixOf(original, operation);
    if (![...this.#strikes.keys()].some((name) => name.startsWith(alike))) return false;
    return (this.#strikes.get(nameOf(original, operation))?.count ?? 0) >= STRIKES;
  }

  recordFailure(original: Uint8Array, operation: string, strikes: number): void {
    const name = nameOf(original, operation);
    const count = (this.#strikes.get(name)?.count ?? 0) + strikes;
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

function nameOf(original: Uint8Array, operation: string): string {
  return prefixOf(original, operation) + createHash("sha256").update(original).digest("hex");
}

function prefixOf(original: Uint8Array, operation: string): string {
  return `${original.byteLength} ${operation} `;
}
