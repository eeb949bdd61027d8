import type { Change } from "./change.ts";

const CONTEXT = 3;

/** A unified diff, as of `diff -u`. */
export function formatDiff({ file, before = "", after }: Change): string {
  const steps = stepsOf(linesOf(before), linesOf(after));
  const hunks: string[] = [];
  for (let at = 0; at < steps.length; ) {
    const first = steps.findIndex(({ sign }, index) => index >= at && sign !== " ");
    if (first === -1) break;
    let last = first;
    for (let index = first; index < steps.length && index <= last + 2 * CONTEXT + 1; index++)
      if (steps[index]?.sign !== " ") last = index;
    const from = Math.max(first - CONTEXT, at);
    const to = Math.min(last + CONTEXT + 1, steps.length);
    hunks.push(hunk(steps, from, to));
    at = to;
  }
  return [`--- ${before === "" ? "/dev/null" : `a/${file}`}`, `+++ b/${file}`, ...hunks].join("\n");
}

interface Step {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

function hunk(steps: readonly Step[], from: number, to: number): string {
  const place = (sign: "-" | "+", part: readonly Step[]) =>
    part.filter((step) => step.sign === " " || step.sign === sign).length;
  const [above, shown] = [steps.slice(0, from), steps.slice(from, to)];
  const range = (sign: "-" | "+") => {
    const count = place(sign, shown);
    return `${sign}${place(sign, above) + (count > 0 ? 1 : 0)},${count}`;
  };
  return [`@@ ${range("-")} ${range("+")} @@`, ...shown.map(({ sign, line }) => sign + line)].join("\n");
}

/** The shortest way from one list of lines to another, by the longest common subsequence. */
function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let a = before.length - 1; a >= 0; a--)
    for (let b = after.length - 1; b >= 0; b--)
      common[a * width + b] =
        before[a] === after[b]
          ? (common[(a + 1) * width + b + 1] ?? 0) + 1
          : Math.max(common[(a + 1) * width + b] ?? 0, common[a * width + b + 1] ?? 0);
  const steps: Step[] = [];
  for (let [a, b] = [0, 0]; a < before.length || b < after.length; ) {
    const [old, now] = [before[a], after[b]];
    if (old !== undefined && old === now) {
      steps.push({ sign: " ", line: old });
      [a, b] = [a + 1, b + 1];
    } else if (
      old !== undefined &&
      (now === undefined || (common[(a + 1) * width + b] ?? 0) >= (common[a * width + b + 1] ?? 0))
    ) {
      steps.push({ sign: "-", line: old });
      a++;
    } else {
      steps.push({ sign: "+", line: now ?? "" });
      b++;
    }
  }
  return steps;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}
