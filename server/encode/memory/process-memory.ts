import { readFileSync } from "node:fs";

/** What Linux tells of a process's memory (proc(5), status), in bytes. */
export interface ProcessMemory {
  /** Resident and its own: what a memory limit counts, without the program's shared pages. */
  readonly privateBytes: number;
  /** The most that was resident so far, shared pages included. */
  readonly peakBytes: number;
  /** Private and writable, touched or not: what RLIMIT_DATA counts. */
  readonly dataBytes: number;
}

/** @returns undefined where there is no /proc, or no such process any more. */
export function readProcessMemory(pid: number | "self"): ProcessMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const bytes = (field: string): number => {
      const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
      if (kibibytes === undefined) throw new Error(`no ${field}`);
      return Number(kibibytes) * 1024;
    };
    return { privateBytes: bytes("RssAnon"), peakBytes: bytes("VmHWM"), dataBytes: bytes("VmData") };
  } catch {
    return undefined;
  }
}
