import { readFileSync } from "node:fs";

/** A process's memory by Linux (proc(5), status), in bytes. */
export interface ProcessMemory {
  /** Resident and private: the part that a memory limit counts, without the program's shared pages. */
  readonly privateBytes: number;
  /** Maximum resident memory so far, including shared pages. */
  readonly peakBytes: number;
  /** Private and writable, used or not: the part that RLIMIT_DATA counts. */
  readonly dataBytes: number;
}

/** @returns undefined if there is no /proc, or the process is gone. */
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
