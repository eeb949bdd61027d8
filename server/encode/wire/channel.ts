/** Values from one side to the other in order; the maker never waits for the taker, who may leave. */
export class Channel<Value> {
  readonly #values: Value[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #notify: () => void = () => {};

  push(value: Value): void {
    this.#values.push(value);
    this.#notify();
  }

  /** No more values; the taker gets the error after what was pushed. */
  end(error?: unknown): void {
    this.#ended = error === undefined ? {} : { error };
    this.#notify();
  }

  /** @throws the error of {@link end}, or the signal's reason as soon as it aborts. */
  async *take(signal: AbortSignal): AsyncGenerator<Value> {
    const onAbort = () => this.#notify();
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        signal.throwIfAborted();
        const value = this.#values.shift();
        if (value !== undefined) yield value;
        else if (this.#ended !== undefined) {
          if ("error" in this.#ended) throw this.#ended.error;
          return;
        } else await this.#change();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = resolve;
    });
  }
}
