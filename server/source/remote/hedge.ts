import { createAlarm } from "./timeouts.ts";

/** One attempt that can be cancelled on its own. */
export interface Attempt<T> {
  readonly result: Promise<T>;
  giveUp(): void;
}

/** Runs work that ends with a signal, or when it is cancelled. */
export function begin<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Attempt<T> {
  const controller = new AbortController();
  const leave = (): void => controller.abort(outer.reason);
  if (outer.aborted) leave();
  // Its result can be a body, which needs the signal until its end.
  else outer.addEventListener("abort", leave, { once: true });
  const result = work(controller.signal);
  result.catch(() => outer.removeEventListener("abort", leave));
  return {
    result,
    giveUp: () => {
      outer.removeEventListener("abort", leave);
      controller.abort(new Error("another attempt has answered"));
    },
  };
}

/** Decides which pieces of work are slow, one after the other. */
export interface Patience {
  /** Whether work has not settled after the time. */
  isSlow(work: Promise<unknown>): Promise<boolean>;
  /** There will be no further work. */
  end(): void;
}

export function createPatience(milliseconds: number): Patience {
  let answer: (isSlow: boolean) => void = () => undefined;
  const alarm = createAlarm(milliseconds, () => answer(true));
  return {
    isSlow: (work) =>
      new Promise((resolve) => {
        answer = resolve;
        alarm.start();
        const settle = (): void => {
          alarm.stop();
          resolve(false);
        };
        work.then(settle, settle);
      }),
    end: () => alarm.end(),
  };
}

/**
 * The result of the first of several attempts to succeed; the others are cancelled.
 * @param isFinal whether a failure is a final answer, so that no other attempt is waited for.
 * @param drop releases a result that comes too late.
 * @throws a final failure, or the error of the first attempt when all have failed.
 */
export async function firstOf<T>(
  attempts: readonly Attempt<T>[],
  isFinal: (error: unknown) => boolean,
  drop: (late: T) => void,
): Promise<T> {
  const outcomes = attempts.map((attempt) =>
    attempt.result.then(
      () => attempt,
      (error: unknown) => {
        if (isFinal(error)) return attempt;
        throw error;
      },
    ),
  );
  const answered = await Promise.any(outcomes).catch(() => attempts[0]);
  for (const other of attempts) {
    if (other === answered) continue;
    other.giveUp();
    other.result.then(drop, () => undefined);
  }
  if (answered === undefined) throw new Error("there was no attempt");
  return answered.result;
}
