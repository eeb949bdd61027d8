/** The volume did not answer in time, or did not lately and is left alone: go on without it. */
export class VolumeHung extends Error {}

export interface VolumeOptions {
  /** What one piece of work may take, waiting for its turn included, in milliseconds. */
  readonly deadlineMs?: Readonly<Record<Access, number>>;
  /** After a deadline was missed the volume is left alone for so long, then tried with one piece of work. */
  readonly restMs?: number;
}

export type Access = "read" | "write";

/**
 * A call on a hung network volume holds a thread of libuv's pool until the volume is back (a process in it cannot even
 * be killed), and DNS needs those threads too: so few may be in it at once, whatever the volume does.
 */
const threads = { read: 3, write: 1 } as const;

/** Work on files that may hang, with a bound on how long anybody waits and on how many threads can be stuck. */
export class Volume {
  readonly #deadlineMs: Readonly<Record<Access, number>>;
  readonly #restMs: number;
  readonly #lines: Readonly<Record<Access, Line>> = {
    read: new Line(threads.read),
    write: new Line(threads.write),
  };
  #restsUntil = 0;
  #probing = false;

  constructor(options: VolumeOptions = {}) {
    // A write ends with an fsync, and nobody waits for it.
    this.#deadlineMs = options.deadlineMs ?? { read: 1_000, write: 5_000 };
    this.#restMs = options.restMs ?? 5_000;
  }

  /** Whether work would be tried now. */
  get isTrusted(): boolean {
    return this.#restsUntil === 0;
  }

  /** @throws VolumeHung, or what the work throws. */
  async run<Value>(access: Access, work: () => Promise<Value>): Promise<Value> {
    const probe = this.#admit();
    const line = this.#lines[access];
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true;
        this.#rest();
        reject(new VolumeHung("the volume did not answer in time"));
      }, this.#deadlineMs[access]);
    });
    const inTurn = line.enter().then(async (leave) => {
      try {
        if (isLate) throw new VolumeHung("the turn came too late");
        const value = await work();
        this.#trust();
        return value;
      } finally {
        leave();
      }
    });
    // After a late answer nobody listens any more.
    inTurn.catch(() => {});
    try {
      return await Promise.race([inTurn, late]);
    } finally {
      clearTimeout(timer);
      if (probe) this.#probing = false;
    }
  }

  /** @returns whether this is the one that tries a volume that was left alone. */
  #admit(): boolean {
    if (this.#restsUntil === 0) return false;
    if (this.#probing || performance.now() < this.#restsUntil)
      throw new VolumeHung("the volume is left alone");
    this.#probing = true;
    return true;
  }

  #rest(): void {
    this.#restsUntil = performance.now() + this.#restMs;
  }

  #trust(): void {
    this.#restsUntil = 0;
  }
}

// --- a line before a number of places ---

class Line {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }
}
