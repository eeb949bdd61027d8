import { Alarm } from "./timeouts.ts";

/** One attempt that can be cancelled on its own. */
export interface Attempt<T> {
  readonly result: Promise<T>;
  giveUp(): void;
}

/** @param end called once the result no longer needs the signal; a body needs it until its end. A failure ends it in any case. */
export type Work<T> = (signal: AbortSignal, end: () => void) => Promise<T>;

/** Runs work that ends with a signal, or when it is cancelled. The signal can outlive it, and keeps no listener then. */
export function begin<T>(outer: AbortSignal, work: Work<T>): Attempt<T> {
  const controller = new AbortController();
  const leave = (): void => controller.abort(outer.reason);
  const end = (): void => outer.removeEventListener("abort", leave);
  if (outer.aborted) leave();
  else outer.addEventListener("abort", leave, { once: true });
  const result = work(controller.signal, end);
  result.catch(end);
  return {
    result,
    giveUp: () => {
      end();
      controller.abort(new Error("another attempt has answered"));
    },
  };
}

/** Decides which pieces of work are slow, one after the other. */
export class Patience {
  readonly #alarm: Alarm;
  /** The work that is waited for. */
  #work: Promise<unknown> | undefined;
  #answer: (isSlow: boolean) => void = () => undefined;

  constructor(milliseconds: number) {
    this.#alarm = new Alarm(milliseconds, () => this.#answer(true));
  }

  /** Whether work has not settled after the time. */
  isSlow(work: Promise<unknown>): Promise<boolean> {
    const isSlow = new Promise<boolean>((resolve) => {
      this.#answer = resolve;
    });
    this.#work = work;
    this.#alarm.start();
    const settled = this.#settled.bind(this, work);
    work.then(settled, settled);
    return isSlow;
  }

  #settled(work: Promise<unknown>): void {
    if (this.#work !== work) return;
    this.#alarm.stop();
    this.#answer(false);
  }

  /** There will be no further work. */
  end(): void {
    this.#alarm.end();
  }
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
