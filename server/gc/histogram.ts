/** A line in the order of ages, and of lots within a minute: what is beyond it goes. */
export interface Cutoff {
  /** Older than this many minutes goes. */
  readonly minute: number;
  /** Of those just as old: the ones whose {@link lotOf} is below this go. */
  readonly lot: number;
}

/** A line and what it leaves open. */
export interface Cut {
  readonly cutoff: Cutoff;
  /** So much of the cutoff's own minute is to go as well; absent when the line falls between two minutes. */
  readonly within?: Amount;
  /** What would be missing still if everything went. */
  readonly left: Amount;
}

export interface Amount {
  readonly bytes: number;
  readonly files: number;
}

export const none: Amount = { bytes: 0, files: 0 };

const EVERYTHING: Cutoff = { minute: -1, lot: 0 };

const MINUTES = 60 * 24 * 400;
const LOTS = 1024;

/** Bytes and files by age in minutes: all that a sweep remembers of a million entries. Older than 400 days is as old. */
export class Histogram {
  readonly #bytes = new Float64Array(MINUTES);
  readonly #files = new Uint32Array(MINUTES);
  #oldest = 0;

  add(ageMs: number, bytes: number): void {
    const minute = minuteOf(ageMs);
    this.#bytes[minute] = (this.#bytes[minute] ?? 0) + bytes;
    this.#files[minute] = (this.#files[minute] ?? 0) + 1;
    this.#oldest = Math.max(this.#oldest, minute);
  }

  /** Whether a line has anything beyond it. */
  reachBeyond({ cutoff }: Cut): boolean {
    return this.#oldest > cutoff.minute || (this.#oldest === cutoff.minute && cutoff.lot > 0);
  }

  /**
   * Where the line lies for so much to go, oldest first. A minute that holds no more than `grain` goes whole: dividing
   * it would take one more walk through the cache.
   */
  cut(need: Amount, grain: Amount = none): Cut {
    let { bytes, files } = need;
    for (let minute = MINUTES - 1; minute >= 0; minute--) {
      if (bytes <= 0 && files <= 0) return { cutoff: { minute, lot: 0 }, left: none };
      const [here, count] = [this.#bytes[minute] ?? 0, this.#files[minute] ?? 0];
      const isSmall = here <= grain.bytes && count <= grain.files;
      if (!isSmall && here >= bytes && count >= files)
        return { cutoff: { minute, lot: 0 }, within: { bytes, files }, left: none };
      bytes -= here;
      files -= count;
    }
    return { cutoff: EVERYTHING, left: { bytes: Math.max(0, bytes), files: Math.max(0, files) } };
  }
}

/** The files of one minute by lot: an order that every sweep on the volume agrees on without talking. */
export class Buckets {
  readonly #bytes = new Float64Array(LOTS);
  readonly #files = new Uint32Array(LOTS);

  add(name: string, bytes: number): void {
    const lot = lotOf(name);
    this.#bytes[lot] = (this.#bytes[lot] ?? 0) + bytes;
    this.#files[lot] = (this.#files[lot] ?? 0) + 1;
  }

  cut({ bytes, files }: Amount): number {
    let lot = 0;
    for (; lot < LOTS && (bytes > 0 || files > 0); lot++) {
      bytes -= this.#bytes[lot] ?? 0;
      files -= this.#files[lot] ?? 0;
    }
    return lot;
  }
}

export function minuteOf(ageMs: number): number {
  return Math.min(MINUTES - 1, Math.max(0, Math.floor(ageMs / 60_000)));
}

/** Whether a file of this age and name is beyond the line. */
export function isBeyond(cutoff: Cutoff, ageMs: number, name: string): boolean {
  const minute = minuteOf(ageMs);
  return minute > cutoff.minute || (minute === cutoff.minute && lotOf(name) < cutoff.lot);
}

/** FNV-1a: any even spread does, and this one is a line. */
function lotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % LOTS;
}
