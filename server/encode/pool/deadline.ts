import { readdirSync } from "node:fs";
import { readProcFile } from "../../concurrency/proc-file.ts";

/** A limit on a child's silence. */
export interface Deadline {
  /** The child has sent something: its time starts again. */
  renew(): void;
  clear(): void;
}

/** A process that may have to wait for a CPU. */
export interface Patient {
  readonly pid: number | undefined;
  /** CPU time so far, in milliseconds; undefined if the system does not report it. */
  cpuMs(): number | undefined;
}

/**
 * Calls `missed` after this many milliseconds of silence.
 * @param patient a process for which only CPU time counts while it waits for a CPU: an idle-class process can wait long.
 */
export function startDeadline(
  milliseconds: number,
  patient: Patient | undefined,
  missed: () => void,
): Deadline {
  let timer: NodeJS.Timeout | undefined;
  const renew = (): void => {
    const before = patient?.cpuMs() ?? 0;
    const look = (): void => {
      const used = (patient?.cpuMs() ?? 0) - before;
      if (patient === undefined || used >= milliseconds || !wantsCpu(patient.pid)) missed();
      else timer = setTimeout(look, milliseconds - used);
    };
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
  };
  renew();
  return { renew, clear: () => clearTimeout(timer) };
}

/** Whether a thread of a process runs or waits for a CPU (proc(5): state R); a sleeping one does not. */
function wantsCpu(pid: number | undefined): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      /\) R [^)]*$/.test(readProcFile(`/proc/${pid}/task/${thread}/stat`)),
    );
  } catch {
    return false;
  }
}
