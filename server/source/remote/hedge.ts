/** One attempt at something, which can be given up by itself. */
export interface Attempt<T> {
  readonly result: Promise<T>;
  giveUp(): void;
}

/** Runs work that ends with a signal, or when it is given up. */
export function begin<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Attempt<T> {
  const controller = new AbortController();
  const leave = (): void => controller.abort(outer.reason);
  if (outer.aborted) leave();
  // What it returns may be a body, which lasts as long as the signal.
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

/** Whether work has not settled after this long. */
export function isSlow(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), milliseconds);
    const settle = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    work.then(settle, settle);
  });
}

/**
 * What the first of several attempts comes to; the others are given up.
 * @param isFinal whether a failure is an answer, so that no other attempt is waited for.
 * @param drop lets a result go that comes too late.
 * @throws such a failure, or that of the first attempt when all have failed.
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
