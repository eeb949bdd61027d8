/** Converts values of a configuration as Hugo does; values from the environment are text. */

/** Like Go's ParseBool for text; anything else is false. */
export function toFlag(value: unknown): boolean {
  if (typeof value === "string") return /^(?:1|t|true|T|TRUE|True)$/.test(value);
  return value === true || (typeof value === "number" && value !== 0);
}

export function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** One text, or a list of texts. */
export function toTexts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one: unknown) => toText(one) ?? []);
}

/** 0 for anything that is not a whole number. */
export function toInteger(value: unknown): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) ? number : 0;
}
