const MIB = 2 ** 20;

/** Private memory of a child that has done nothing, or has given back what its jobs took. */
export const CHILD_BYTES = 48 * MIB;

/**
 * What any job is given at least: most variants of most photographs take less. A child's limit is so much from the start and
 * is set anew only for jobs that take more.
 */
export const ORDINARY_BYTES = 128 * MIB;

/** Kept for one ordinary job that a reader waits for, whatever else runs or waits. */
const RESERVE_BYTES = CHILD_BYTES + ORDINARY_BYTES;

/** Room for an ordinary job beside the one that a reader waits for. */
export const LEAST_BYTES = 2 * RESERVE_BYTES;

export const defaultEncoderMemory = 1024 * MIB;

/** A job that found no room is passed by so many others; then they wait for it. */
const MOST_PASSES = 16;

/** Memory that a child holds, or may grow to. */
export interface Charge {
  readonly bytes: number;
}

/** What asks for memory: an object that stays the same while it waits. */
export interface Claim {
  /** Of the job, beside {@link CHILD_BYTES}. */
  readonly bytes: number;
  /** A reader waits for it. */
  readonly isLive: boolean;
}

/**
 * The memory of all encoder children together: a weighted semaphore, in bytes. One ordinary live job always has room beside
 * the others, so that a large job delays no small one. A large one is passed by a number of others, and then has its turn.
 */
export class EncoderMemory {
  /** The most that one job may take. */
  readonly most: number;
  readonly #general: number;
  readonly #charges = new Set<Charge>();
  /** The charge that is in the reserve. */
  #reserved: Charge | undefined;
  /** Who found no room, in order, and how many were given some since. */
  readonly #refused = new Map<Claim, number>();

  /** @param bytes at least {@link LEAST_BYTES}. */
  constructor(bytes: number) {
    this.#general = bytes - RESERVE_BYTES;
    this.most = this.#general - CHILD_BYTES;
  }

  /**
   * Room for a child and its job, if there is some.
   * @param instead what the child has been charged so far, given back then.
   */
  acquire(claim: Claim, instead?: Charge): Charge | undefined {
    const inReserve = this.#fitsReserve(claim, instead);
    if (!inReserve && this.missing(claim, instead) > 0) {
      this.#refused.set(claim, this.#refused.get(claim) ?? 0);
      return undefined;
    }
    this.forget(claim);
    for (const [other, passes] of this.#refused) this.#refused.set(other, passes + 1);
    const charge = this.charge(bytesOf(claim), instead);
    if (inReserve) this.#reserved = charge;
    return charge;
  }

  /** Bytes that it lacks; infinitely many while others wait for their turn. */
  missing(claim: Claim, instead?: Charge): number {
    return this.#isKeptFromOthers(claim) ? Number.POSITIVE_INFINITY : bytesOf(claim) - this.room(instead);
  }

  /** For what a child holds already, whether there is room or not. */
  charge(bytes: number, instead?: Charge): Charge {
    if (instead !== undefined) this.release(instead);
    const charge = { bytes };
    this.#charges.add(charge);
    return charge;
  }

  release(charge: Charge): void {
    this.#charges.delete(charge);
    if (this.#reserved === charge) this.#reserved = undefined;
  }

  /** Bytes that are free for any child. @param but counted as free. */
  room(but?: Charge): number {
    const taken = [...this.#charges].filter((charge) => charge !== but && charge !== this.#reserved);
    return this.#general - taken.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** It does not wait any more. */
  forget(claim: Claim): void {
    this.#refused.delete(claim);
  }

  /** Whether others wait until this has its room. */
  isKept(claim: Claim): boolean {
    return this.#first() === claim;
  }

  #fitsReserve({ isLive, bytes }: Claim, instead: Charge | undefined): boolean {
    const isFree = this.#reserved === undefined || this.#reserved === instead;
    return isLive && bytes <= ORDINARY_BYTES && isFree;
  }

  #isKeptFromOthers(claim: Claim): boolean {
    const first = this.#first();
    return first !== undefined && first !== claim;
  }

  #first(): Claim | undefined {
    for (const [claim, passes] of this.#refused) if (passes >= MOST_PASSES) return claim;
    return undefined;
  }
}

function bytesOf({ bytes }: Claim): number {
  return CHILD_BYTES + Math.max(bytes, ORDINARY_BYTES);
}
