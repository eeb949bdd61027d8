import { readdirSync, readFileSync } from "node:fs";

/** A bound on a child's silence. */
export interface Deadline {
  /** It has said something: its time begins anew. */
  renew(): void;
  clear(): void;
}

/** A process that may have to wait for a CPU. */
export interface Patient {
  readonly pid: number | undefined;
  /** CPU used so far, in milliseconds; undefined where the system does not tell. */
  cpuMs(): number | undefined;
}

/**
 * Calls `missed` after so many milliseconds of silence.
 * @param patient in whose case only CPU counts while it wants some: what runs in idle time only may get none for long.
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

/** Whether a thread of a process is running or would like to (proc(5): state R); one that sleeps waits in vain. */
function wantsCpu(pid: number | undefined): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      /\) R [^)]*$/.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1")),
    );
  } catch {
    return false;
  }
}
