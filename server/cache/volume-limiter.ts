/** The volume does not answer, or did not answer in time: continue without it. */
export class VolumeHung extends Error {}

export interface VolumeLimiterOptions {
  /** Maximum time of one piece of work, including the wait for its turn, in milliseconds. */
  readonly deadlineMs?: Readonly<Partial<Record<Access, number>>>;
}

export type Access = "read" | "write";

/** Runs work on the volume. @throws VolumeHung, or what the work throws. */
export type WithVolume = <Value>(access: Access, work: () => Promise<Value>) => Promise<Value>;

/**
 * A call on a hung network volume holds a thread of libuv's pool until the volume is back (and its process cannot even be
 * killed). The pool has four threads; looking up a host name or reading a photograph needs one.
 */
const places = { read: 2, write: 1 } as const;

/**
 * A reader waits a second at most. Nobody waits for a write, and a healthy write can be slow: when two CephFS clients store one
 * name at the same time, each call may wait for the MDS's journal, which is flushed every 5 s.
 */
const defaultDeadlineMs = { read: 1_000, write: 30_000 } as const;

/** Runs work on files that may hang, with limits on the wait and on the number of blocked threads. */
export class VolumeLimiter {
  readonly #lines: Readonly<Record<Access, Line>>;

  constructor(options: VolumeLimiterOptions = {}) {
    const deadlineMs = { ...defaultDeadlineMs, ...options.deadlineMs };
    this.#lines = {
      read: new Line(places.read, deadlineMs.read),
      write: new Line(places.write, deadlineMs.write),
    };
  }

  /** @throws VolumeHung, or what the work throws. */
  run<Value>(access: Access, work: () => Promise<Value>): Promise<Value> {
    return this.#lines[access].run(work);
  }
}

// --- a line before a number of places ---

class Line {
  readonly #places: number;
  readonly #deadlineMs: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  /** Slots whose work is past its deadline. */
  #stuck = 0;

  constructor(places: number, deadlineMs: number) {
    this.#places = places;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * If every slot is blocked, nobody else waits. No probe is needed to learn that the volume is back: the blocked calls return.
   * One slow file, such as that of a hung client on a healthy volume, leaves the other slot free.
   */
  run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#stuck === this.#places) return Promise.reject(new VolumeHung("the volume does not answer"));
    return new Promise((resolve, reject) => {
      let state: "waiting" | "given up" | "running" | "stuck" = "waiting";
      const cancel = afterQuarters(this.#deadlineMs, () => {
        if (state === "running") this.#stuck++;
        state = state === "running" ? "stuck" : "given up";
        reject(new VolumeHung("the volume did not answer in time"));
      });
      this.#enter(async () => {
        if (state === "given up") return;
        state = "running";
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        } finally {
          cancel();
          if (isStuck()) this.#stuck--;
        }
      });
      const isStuck = (): boolean => state === "stuck";
    });
  }

  #enter(turn: () => Promise<void>): void {
    const take = (): void => {
      this.#taken++;
      void turn().finally(() => {
        this.#taken--;
        this.#waiting.shift()?.();
      });
    };
    if (this.#taken < this.#places) take();
    else this.#waiting.push(take);
  }
}

// --- time ---

/**
 * Calls back after a time, unless it is cancelled. Four timers, one after the other: when this process gets no CPU for a while, the
 * pause counts as one of them. With one timer, an overloaded machine's volume would seem hung, since a late timer runs before
 * answers that are already there; each hit would become a miss, and each miss costs the CPU that is lacking.
 * @returns cancels it.
 */
function afterQuarters(milliseconds: number, ring: () => void): () => void {
  let left = 4;
  let timer = setTimeout(pass, milliseconds / 4);
  function pass(): void {
    left -= 1;
    if (left === 0) ring();
    else timer = setTimeout(pass, milliseconds / 4);
  }
  return () => clearTimeout(timer);
}
