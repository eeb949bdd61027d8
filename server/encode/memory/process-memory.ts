import { readProcFile } from "../../concurrency/proc-file.ts";

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
    const found = fields.exec(readProcFile(`/proc/${pid}/status`));
    if (found === null) return undefined;
    const [peakBytes = 0, privateBytes = 0, dataBytes = 0] = found
      .slice(1)
      .map((kibibytes) => Number(kibibytes) * 1024);
    return { privateBytes, peakBytes, dataBytes };
  } catch {
    return undefined;
  }
}

/** In the order in which Linux lists them. */
const fields = /^VmHWM:\s+(\d+) kB$.*^RssAnon:\s+(\d+) kB$.*^VmData:\s+(\d+) kB$/ms;
