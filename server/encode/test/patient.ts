/** For pools of tests: on a busy machine, what takes a second alone can take minutes; only what hangs takes longer. */
export const patient = {
  deadlineMs: { live: 600_000, warm: 600_000 },
  maxWaitMs: { live: 600_000, warm: 600_000 },
} as const;
