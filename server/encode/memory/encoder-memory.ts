const MIB = 2 ** 20;

/** Private memory of a child that has done nothing, or has freed the memory of its jobs. */
export const CHILD_BYTES = 48 * MIB;

/** Minimum for any job of a new child: most variants of most photographs need less. */
export const ORDINARY_BYTES = 128 * MIB;

/** A new child with an ordinary job. Reserved for one of a waiting reader, whatever else runs or waits. */
const RESERVE_BYTES = CHILD_BYTES + ORDINARY_BYTES;

/** Room for an ordinary job beside that of a waiting reader. */
export const LEAST_BYTES = 2 * RESERVE_BYTES;

export const defaultEncoderMemory = 1024 * MIB;

/** After this number of other jobs went ahead of a job without room, the others wait for it. */
const MOST_PASSES = 16;

/** Memory that a child at rest holds, or that a working one may grow to. */
export interface Charge {
  readonly bytes: number;
}

/** A request for memory: an object that stays the same while it waits. */
export interface Claim {
  /** Bytes for the job, in addition to those of its child at rest. */
  readonly bytes: number;
  /** A reader waits for it. */
  readonly isLive: boolean;
}

/**
 * The memory of all encoder children together: a weighted semaphore, in bytes. One ordinary live job always has room, so that a
 * large job does not delay small ones. A limited number of others go ahead of a large job; then it has its turn.
 */
export class EncoderMemory {
  /** Maximum bytes for one job. */
  readonly most: number;
  readonly #general: number;
  readonly #charges = new Set<Charge>();
  /** The charge that is in the reserve. */
  #reserved: Charge | undefined;
  /** Claims without room, in order, and how many others went ahead of each. */
  readonly #refused = new Map<Claim, number>();

  /** @param bytes at least {@link LEAST_BYTES}. */
  constructor(bytes: number) {
    this.#general = bytes - RESERVE_BYTES;
    this.most = this.#general - CHILD_BYTES;
  }

  /**
   * Reserves room for a child and its job, if there is some.
   * @param instead the child's current charge, which is released then.
   */
  acquire(claim: Claim, instead?: Charge): Charge | undefined {
    const inReserve = this.#fitsReserve(claim, instead);
    if (!inReserve && this.missing(claim, instead) > 0) {
      this.#refused.set(claim, this.#refused.get(claim) ?? 0);
      return undefined;
    }
    this.forget(claim);
    for (const [other, passes] of this.#refused) this.#refused.set(other, passes + 1);
    const charge = this.charge(bytesOf(claim, instead), instead);
    if (inReserve) this.#reserved = charge;
    return charge;
  }

  /**
   * Missing bytes; infinite while others wait for their turn. A child that holds memory of its jobs may miss some that a new one does
   * not.
   */
  missing(claim: Claim, instead?: Charge): number {
    if (this.#isKeptFromOthers(claim)) return Number.POSITIVE_INFINITY;
    return bytesOf(claim, instead) - this.room(instead);
  }

  /** Charges memory that a child already uses, even if there is no room. */
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

  /** Share of the memory that children use or may grow to; above 1 while the reserve is used. */
  get share(): number {
    return 1 - this.room() / this.#general;
  }

  /** Bytes that are free for any child. @param but a charge that counts as free. */
  room(but?: Charge): number {
    const taken = [...this.#charges].filter((charge) => charge !== but && charge !== this.#reserved);
    return this.#general - taken.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** It no longer waits. */
  forget(claim: Claim): void {
    this.#refused.delete(claim);
  }

  /** Whether others wait until this claim has room. */
  isKept(claim: Claim): boolean {
    return this.#first() === claim;
  }

  #fitsReserve(claim: Claim, instead: Charge | undefined): boolean {
    const isFree = this.#reserved === undefined || this.#reserved === instead;
    return claim.isLive && bytesOf(claim, instead) <= RESERVE_BYTES && isFree;
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

/** What the child holds already, and the job. @param child its charge at rest; undefined: a new one. */
function bytesOf({ bytes }: Claim, child: Charge | undefined): number {
  return Math.max(RESERVE_BYTES, (child?.bytes ?? CHILD_BYTES) + bytes);
}
