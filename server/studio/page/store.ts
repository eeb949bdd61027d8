import { useEffect, useState } from "preact/hooks";

/** A value outside of the components, which show its changes. */
export class Store<Value> {
  readonly #followers = new Set<(value: Value) => void>();
  #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const follow of this.#followers) follow(value);
  }

  /** @returns ends it. */
  follow(follow: (value: Value) => void): () => void {
    this.#followers.add(follow);
    return () => void this.#followers.delete(follow);
  }
}

/** The store's value in a component. */
export function useStore<Value>(store: Store<Value>): Value {
  const [value, setValue] = useState(() => store.value);
  useEffect(() => {
    // It may have changed since the component was drawn.
    setValue(() => store.value);
    return store.follow((next) => setValue(() => next));
  }, [store]);
  return value;
}
