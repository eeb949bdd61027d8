import type { Worker } from "./worker.ts";

/** An original for a reader that is on its way: its bytes go to a child as they arrive, if one has nothing to do. */
export interface EarlyUpload {
  /** So many bytes come; called again, they come anew. */
  begin(bytes: number): void;
  /** The next of them; they must stay as they are. */
  pass(piece: Uint8Array): void;
  /** Lets the child go, unless its job has begun: for whoever stops halfway, or never begins. */
  drop(): void;
}

/** Where a reception gets its child, and gives it back. */
export interface Spares {
  /** undefined when every child is needed elsewhere, or has no room for so many bytes. */
  take(bytes: number): Worker | undefined;
  giveBack(worker: Worker): void;
}

/** The reception that the pool knows how to go on from. */
export class RunningUpload implements EarlyUpload {
  /** The fetch is over, however it ended; calling it again does nothing. */
  readonly arrive: () => void;
  readonly #spares: Spares;
  #worker: Worker | undefined;
  #missing = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(spares: Spares, arrive: () => void) {
    this.#spares = spares;
    this.arrive = arrive;
  }

  begin(bytes: number): void {
    if (this.#over) return;
    // Another original may be larger than the one that its child has room for.
    this.#letGo();
    this.#worker = this.#spares.take(bytes);
    this.#worker?.begin(bytes);
    this.#missing = bytes;
  }

  pass(piece: Uint8Array): void {
    if (this.#over) return;
    this.#worker?.pass(piece);
    this.#missing -= piece.byteLength;
  }

  /** The child that has the whole original; undefined when there is none. */
  whole(): Worker | undefined {
    return this.#over || this.#missing !== 0 || this.#worker?.alive !== true ? undefined : this.#worker;
  }

  /** Its job begins: who takes it gives it back. */
  take(): void {
    this.#over = true;
  }

  drop(): void {
    this.arrive();
    if (this.#over) return;
    this.#over = true;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#worker === undefined) return;
    // It need not keep half a photograph in memory.
    this.#worker.begin(0);
    this.#spares.giveBack(this.#worker);
    this.#worker = undefined;
  }
}
