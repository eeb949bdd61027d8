/** A parser has used too many steps: the file was built to cost too much. */
export class TooManySteps extends Error {}

/** The cost of a parser, counted where it reads: one step for a number, one for each byte that is searched or copied. */
export class Steps {
  taken = 0;
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get left(): number {
    return this.most - this.taken;
  }

  /** @throws TooManySteps */
  take(steps: number): void {
    this.taken += steps;
    if (this.taken > this.most) throw new TooManySteps(`more than ${this.most} steps`);
  }
}

/**
 * Untrusted bytes, read by position. Parsing blocks the event loop, so every read counts against a limit: a loop that an attacker
 * causes ends there, not after seconds.
 *
 * Reading a number throws RangeError if the bytes end before it, and every method throws TooManySteps.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #steps: Steps;

  constructor(bytes: Uint8Array, steps: Steps) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#steps = steps;
  }

  get length(): number {
    return this.#bytes.length;
  }

  uint8(at: number): number {
    this.#steps.take(1);
    return this.#bytes.readUInt8(at);
  }

  uint16(at: number, order: "big" | "little" = "big"): number {
    this.#steps.take(1);
    return order === "big" ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt16LE(at);
  }

  uint24Little(at: number): number {
    this.#steps.take(1);
    return this.#bytes.readUIntLE(at, 3);
  }

  uint32(at: number, order: "big" | "little" = "big"): number {
    this.#steps.take(1);
    return order === "big" ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at);
  }

  /** At most `length` bytes as text; fewer at the end of the bytes. */
  text(at: number, length: number, encoding: "latin1" | "utf8" = "latin1"): string {
    const end = Math.max(at, Math.min(at + length, this.#bytes.length));
    this.#steps.take(Math.max(1, end - at));
    return this.#bytes.toString(encoding, at, end);
  }

  /** At most `length` bytes; fewer at the end. */
  bytes(at: number, length: number): Uint8Array {
    const end = Math.max(at, Math.min(at + length, this.#bytes.length));
    this.#steps.take(Math.max(1, end - at));
    return this.#bytes.subarray(at, end);
  }

  startsWith(ascii: string, at: number): boolean {
    return this.text(at, ascii.length) === ascii;
  }

  /** The next position of the text before `end`; -1 if there is none. */
  find(ascii: string, from: number, end: number = this.#bytes.length): number {
    const last = Math.min(end, this.#bytes.length, from + this.#steps.left + 1);
    const at = this.#bytes.subarray(0, last).indexOf(ascii, from, "latin1");
    this.#steps.take(Math.max(1, (at === -1 ? last : at) - from));
    return at;
  }

  /** The first position from here on whose byte is not one of these. */
  skip(oneOf: string, from: number, end: number = this.#bytes.length): number {
    let at = from;
    for (const last = Math.min(end, this.#bytes.length); at < last; at++)
      if (!oneOf.includes(String.fromCharCode(this.uint8(at)))) break;
    return at;
  }
}
