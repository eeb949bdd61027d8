/** Passes values from one side to the other in order; the producer never waits for the consumer, who may leave. */
export class Channel<Value> {
  readonly #values: Value[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #notify: () => void = () => {};

  push(value: Value): void {
    this.#values.push(value);
    this.#notify();
  }

  /** Ends the values; the consumer gets the error after the pushed values. */
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
