import { useEffect, useState } from "preact/hooks";

/** The result of work that is repeated when its name changes. */
export interface Latest<Value> {
  /** The last result, also of an earlier name: a picture stays until the next one is there. */
  readonly value: Value | undefined;
  readonly error: unknown;
  /** Whether both are of the current name. */
  readonly isCurrent: boolean;
}

/** A slider sends many values; work begins when it rests. */
const REST_MS = 120;

/**
 * Runs work for the current name only: a change aborts the work that is running.
 * @param name undefined: no work now.
 */
export function useLatest<Value>(
  name: string | undefined,
  work: (signal: AbortSignal) => Promise<Value>,
): Latest<Value> {
  const [latest, setLatest] = useState<{ name?: string; value?: Value; error?: unknown }>({});
  useEffect(() => {
    if (name === undefined) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const begin = () =>
      work(signal).then(
        (value) => signal.aborted || setLatest({ name, value }),
        (error) => signal.aborted || setLatest({ name, error }),
      );
    const timer = setTimeout(begin, REST_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
    // The name stands for the work.
  }, [name]);
  return { value: latest.value, error: latest.error, isCurrent: name !== undefined && latest.name === name };
}
