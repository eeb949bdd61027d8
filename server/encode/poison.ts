import { createHash } from "node:crypto";
import type { WorkerDied } from "./worker.ts";

const STRIKES = 2;

export interface PoisonOptions {
  /** How long strikes count, in milliseconds. */
  readonly memoryMs?: number;
  readonly now?: () => number;
}

/**
 * Whether a death speaks against the photograph: a crash does, a missed deadline only when the child had the CPU for
 * it. Wall time says how busy the machine was.
 */
export function isStrike(death: WorkerDied, deadlineMs: number): boolean {
  return death.reason === "crash" || (death.cpuMs ?? 0) >= 0.8 * deadlineMs;
}

/**
 * Remembers what killed children: an original and what was made of it. Two strikes within an hour and it is not tried
 * again for an hour, or one bad photograph would cost a child for every reader.
 */
export class Poison {
  readonly #strikes = new Map<string, { readonly count: number; readonly until: number }>();
  readonly #memoryMs: number;
  readonly #now: () => number;

  constructor(options: PoisonOptions = {}) {
    this.#memoryMs = options.memoryMs ?? 3_600_000;
    this.#now = options.now ?? Date.now;
  }

  /** Whether this has struck out. Costs no hash while nothing has ever struck. */
  isPoisoned(original: Uint8Array, operation: string): boolean {
    this.#forget();
    if (this.#strikes.size === 0) return false;
    return (this.#strikes.get(nameOf(original, operation))?.count ?? 0) >= STRIKES;
  }

  strike(original: Uint8Array, operation: string): void {
    const name = nameOf(original, operation);
    const count = (this.#strikes.get(name)?.count ?? 0) + 1;
    this.#strikes.delete(name);
    this.#strikes.set(name, { count, until: this.#now() + this.#memoryMs });
  }

  #forget(): void {
    for (const [name, { until }] of this.#strikes) {
      if (until > this.#now()) return;
      this.#strikes.delete(name);
    }
  }
}

function nameOf(original: Uint8Array, operation: string): string {
  return `${createHash("sha256").update(original).digest("hex")} ${operation}`;
}
