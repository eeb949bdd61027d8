import { readdirSync, readFileSync } from "node:fs";

/** CPU time in ms of a process and its descendants, in steps of 10 ms, including children that it waited for. */
export function cpuMsOf(pid: number): number {
  return treeOf(pid).reduce((sum, { ticks }) => sum + ticks * MS_A_TICK, 0);
}

/** CPU time in ms of a process alone, in steps of 10 ms: its running children and those that ended are not counted. */
export function ownCpuMsOf(pid: number): number {
  return (readProcess(pid)?.ownTicks ?? 0) * MS_A_TICK;
}

/** Bytes of memory of a process and its descendants that no other process shares. */
export function privateBytesOf(pid: number): number {
  return treeOf(pid).reduce((sum, { pid }) => sum + anonymousBytes(pid), 0);
}

/** Child processes that have not been waited for. */
export function childrenOf(pid: number): number[] {
  return treeOf(pid)
    .filter(({ parent }) => parent === pid)
    .map((child) => child.pid);
}

// --- /proc ---

/** USER_HZ: 100 on every Linux that Node runs on. */
const MS_A_TICK = 10;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** With those of children that it waited for. */
  readonly ticks: number;
  readonly ownTicks: number;
}

function treeOf(root: number): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const tree = all.filter(({ pid }) => pid === root);
  // Grows during the loop: children of children.
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** proc(5): fields 4 (ppid) and 14 to 17 (utime, stime, cutime, cstime), counted after the name in parentheses. */
function readProcess(pid: number): Process | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
  return {
    pid,
    parent: fields[1] ?? 0,
    ticks: sum(fields.slice(11, 15)),
    ownTicks: sum(fields.slice(11, 13)),
  };
}

function anonymousBytes(pid: number): number {
  const kilobytes = /^Anonymous:\s+([0-9]+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process may end at any moment. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
