/**
 * `deadline`: killed because it did not answer; `memory`: killed because it used too much, or ended because it got no more;
 * `unstarted`: the system gave no process.
 */
export type Death = "crash" | "deadline" | "memory" | "unstarted";

/** A child that ended during a job, or sent an invalid reply. */
export class WorkerDied extends Error {
  readonly reason: Death;
  /** CPU time of the job, if the system reports it. */
  readonly cpuMs: number | undefined;
  /** Whether it was the child's first job on an image: then no other job is the reason. */
  readonly isFirstJob: boolean;

  constructor(reason: Death, cpuMs: number | undefined, message: string, isFirstJob = true) {
    super(message);
    this.reason = reason;
    this.cpuMs = cpuMs;
    this.isFirstJob = isFirstJob;
  }
}
