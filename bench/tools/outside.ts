/** Parses a number from outside. @throws Error for anything else. */
export function number(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Error(`expected a number, got ${String(value)}`);
}
