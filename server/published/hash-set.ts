import { randomBytes } from "node:crypto";
import { TimeSlice } from "../concurrency/time-slice.ts";

/** By one byte of the hash: sorting one bucket of a million texts takes a millisecond. */
const BUCKETS = 256;

/** Random and secret, so that nobody can construct texts with equal hashes. */
const seeds = new Uint32Array(new Uint8Array(randomBytes(8)).buffer);

/**
 * A set of texts that stores 8 bytes of each: their hash, sorted. With a million texts in it, one text in 18 million million
 * outside it is wrongly found.
 */
export class HashSet {
  readonly #buckets = Array.from({ length: BUCKETS }, () => new Bucket());
  #size = 0;

  /** Number of calls of {@link add}. */
  get size(): number {
    return this.#size;
  }

  /** Not allowed after {@link sort}. */
  add(text: string): void {
    const hashed = hash(text);
    this.#bucketOf(hashed)?.add(hashed);
    this.#size++;
  }

  /** Call it once, before {@link has}. */
  async sort(): Promise<this> {
    const slice = new TimeSlice();
    for (const bucket of this.#buckets) {
      bucket.sort();
      if (slice.isOver()) await slice.next();
    }
    return this;
  }

  has(text: string): boolean {
    const hashed = hash(text);
    return this.#bucketOf(hashed)?.has(hashed) === true;
  }

  #bucketOf(hashed: bigint): Bucket | undefined {
    return this.#buckets[Number(hashed & 255n)];
  }
}

class Bucket {
  #hashes = new BigUint64Array();
  #count = 0;

  add(hashed: bigint): void {
    if (this.#count === this.#hashes.length) {
      const grown = new BigUint64Array(Math.max(4, Math.ceil(this.#count * 1.5)));
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#count++] = hashed;
  }

  sort(): void {
    this.#hashes = this.#hashes.slice(0, this.#count).sort();
  }

  has(wanted: bigint): boolean {
    let [from, to] = [0, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const there = this.#hashes[middle] ?? 0n;
      if (there === wanted) return true;
      if (there < wanted) from = middle + 1;
      else to = middle;
    }
    return false;
  }
}

// --- hashing ---

const lanes = new Uint32Array(2);
const whole = new BigUint64Array(lanes.buffer);

/** 64 bits: two lanes of multiply and rotate, mixed as MurmurHash3 ends. */
function hash(text: string): bigint {
  let a = seeds[0] ?? 0;
  let b = (seeds[1] ?? 0) ^ text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul((a << 13) | (a >>> 19), 5) ^ Math.imul(unit + 0x9e37, 0xcc9e2d51);
    b = Math.imul(((b << 15) | (b >>> 17)) ^ unit, 0x1b873593);
  }
  a = mix(a ^ b);
  b = mix(b + Math.imul(a, 0x9e3779b1));
  lanes[0] = a;
  lanes[1] = b;
  return whole[0] ?? 0n;
}

function mix(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
