import { counted, formatBytes } from "../counted.ts";
import { formatDiff } from "../init/diff.ts";
import type { MoveResult } from "./move.ts";

/** Most names of a list in the text. `--json` has all. */
const MOST = 20;

export function formatMove(result: MoveResult): string {
  const { moved, stored, kept, unshown, changes, problems, target } = result;
  const bytes = moved.reduce((sum, one) => sum + one.bytes, 0);
  const blocks = [
    ...changes.map((change) => `${formatDiff(change)}\n`),
    list(
      new Map(
        Array.from(kept, ([name, reason]) => [
          name,
          stored.has(name) ? `${reason} (it is in the bucket too)` : reason,
        ]),
      ),
      "kept",
    ),
    unshown.length === 0
      ? ""
      : `${counted(unshown.length, "photograph is", "photographs are")} shown by no page, and kept: ${some(unshown, ", ")}\n`,
    list(problems, "error"),
    `${counted(moved.length, "photograph")} (${formatBytes(bytes)}): ${whereWords(result)}\n`,
    lastWords(result),
  ];
  if (moved.length === 0 && stored.size === 0 && problems.size === 0)
    return [...blocks.slice(0, -2), `there is nothing to move to ${target}\n`].join("");
  return blocks.join("");
}

export function moveJson({
  moved,
  stored,
  kept,
  unshown,
  changes,
  problems,
  target,
  applied,
}: MoveResult): object {
  return {
    target,
    applied,
    moved: moved.map(({ name, key, bytes, sha256 }) => ({
      file: name,
      key,
      bytes,
      sha256,
      stored: stored.has(name),
    })),
    kept: Array.from(kept, ([file, reason]) => ({ file, reason })),
    unshown,
    changes: changes.map(({ file }) => file),
    problems: Array.from(problems, ([file, message]) => ({ file, message })),
  };
}

// --- parts ---

function whereWords({ stored, moved, target, dryRun }: MoveResult): string {
  if (dryRun) return `would be stored in ${target}`;
  const fresh = moved.filter(({ name }) => stored.has(name)).length;
  return `${fresh} stored in ${target}, ${moved.length - fresh} there already; all were read back`;
}

function lastWords({ problems, applied, changes, moved }: MoveResult): string {
  const files = counted(changes.length, "file");
  if (problems.size > 0) return "because of the errors, nothing in the site was changed\n";
  if (applied)
    return `${files} changed and ${counted(moved.length, "photograph")} deleted; nothing is committed: run imgproxy-lite scan, hugo and scan --check, then git add --all and git commit\n`;
  return `both builds show the same images; ${files} would be changed and ${counted(moved.length, "photograph")} deleted: --apply does it\n`;
}

function list(entries: ReadonlyMap<string, string>, word: string): string {
  const lines = Array.from(entries, ([name, reason]) => `${word} ${name}: ${reason}`);
  return lines.length === 0 ? "" : `${some(lines, "\n")}\n`;
}

function some(lines: readonly string[], between: string): string {
  const more = lines.length > MOST ? [`and ${lines.length - MOST} more`] : [];
  return [...lines.slice(0, MOST), ...more].join(between);
}
