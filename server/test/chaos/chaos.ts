import { appendFileSync } from "node:fs";
import { expect, inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The file for the rows of the table; it exists only in `npm run test:chaos`. */
    readonly chaosTable?: string;
  }
}

/** Whether this is `npm run test:chaos`: full numbers, and times count. */
export function isFull(): boolean {
  return inject("chaosTable") !== undefined;
}

/** `npm run test:chaos` runs the full numbers, `npm run test:storms` the same at a size that ends quickly. */
export function sized(full: number, quick: number): number {
  return isFull() ? full : quick;
}

/** A limit of a time or a size, which only `npm run test:chaos` checks, because it has the machine for itself. */
export function bounded(what: string, value: number, most: number): void {
  if (isFull()) expect.soft(value, what).toBeLessThanOrEqual(most);
}

/** One row of the table that `npm run test:chaos` prints: the promise, the test, the result. */
export function report(row: string, done: string, outcome: string): void {
  const table = inject("chaosTable");
  if (table !== undefined) appendFileSync(table, `| ${row} | ${done} | ${outcome} |\n`);
}
