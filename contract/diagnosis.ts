import { printable, printableJson } from "./printable.ts";

/** One line of `imgproxy-lite doctor`. */
export interface Diagnosis {
  /** What was checked: one word of the manual's table, such as `endpoint`. */
  readonly check: string;
  /** `note`: nothing is broken, but the reader may want to know it. */
  readonly state: "ok" | "note" | "problem";
  /** What was found; for a problem also the remedy. */
  readonly message: string;
}

/** The makers of one check's lines. */
export interface Lines {
  ok(message: string): Diagnosis;
  note(message: string): Diagnosis;
  problem(message: string): Diagnosis;
}

export function linesOfCheck(check: string): Lines {
  const line = (state: Diagnosis["state"]) => (message: string) => ({ check, state, message });
  return { ok: line("ok"), note: line("note"), problem: line("problem") };
}

/** @param secrets texts that must not be printed. */
export interface PrintOptions {
  readonly json: boolean;
  readonly secrets: readonly string[];
}

/** The output of a doctor: one line for each diagnosis, or a JSON document. */
export function formatDiagnoses(found: readonly Diagnosis[], { json, secrets }: PrintOptions): string {
  const safe = found.map((one) => ({
    ...one,
    message: withoutSecrets(one.message, secrets)
      .trim()
      .replace(/\s*\n\s*/g, "; "),
  }));
  const problems = safe.filter(({ state }) => state === "problem").length;
  if (json) return `${printableJson({ problems, checks: safe })}\n`;
  const width = Math.max(0, ...safe.map(({ check }) => check.length));
  const lines = safe.map(
    ({ check, state, message }) => `${state.padEnd(8)} ${check.padEnd(width)}  ${message}`,
  );
  const sum = problems === 0 ? "all is well" : `${problems} ${problems === 1 ? "problem" : "problems"}`;
  return `${[...lines, sum].map(printable).join("\n")}\n`;
}

/** 0: no problem; 1: at least one. */
export function diagnosesExitCode(found: readonly Diagnosis[]): 0 | 1 {
  return found.some(({ state }) => state === "problem") ? 1 : 0;
}

/**
 * A text without secrets: the given ones, user and password of URLs, and signatures, which would make any URL usable that the
 * reader of a log sees.
 */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  return known
    .reduce((rest, secret) => rest.replaceAll(secret, "…"), text)
    .replace(/\/\/[^/\s"]*@/g, "//…@")
    .replace(/([?&]s=)[0-9a-f]{8,}/gi, "$1…");
}
