import { appendFileSync } from "node:fs";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The file that rows of the table go to; there only in `npm run test:chaos`. */
    readonly chaosTable?: string;
  }
}

/** `npm run test:chaos` runs the full numbers, `npm test` the same at a size that ends quickly. */
export function sized(full: number, quick: number): number {
  return inject("chaosTable") === undefined ? quick : full;
}

/** One row of the table that `npm run test:chaos` prints: the promise, what was done, what came of it. */
export function report(row: string, done: string, outcome: string): void {
  const table = inject("chaosTable");
  if (table !== undefined) appendFileSync(table, `| ${row} | ${done} | ${outcome} |\n`);
}
