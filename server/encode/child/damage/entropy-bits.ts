/** A Huffman table of a JPEG: by the next 16 bits, the length of the code and, in the low byte, its symbol; 0 for no code. */
export type HuffmanTable = Uint16Array;

/**
 * A Huffman table from its definition (ITU T.81 §B.2.4.2 and annex C).
 * @param counts number of codes of each length from 1 to 16.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table = new Uint16Array(2 ** 16);
  let [code, next] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    const width = 2 ** (16 - length);
    for (let left = counts[length - 1] ?? 0; left > 0 && code < 2 ** 16; left--) {
      table.fill((length << 8) | (symbols[next++] ?? 0), code, code + width);
      code += width;
    }
  }
  return table;
}

/**
 * The bits of a JPEG's scan up to a marker (ITU T.81 §F.2.2.5). Behind the last bit it reads zeros; {@link isBehind} tells then.
 */
export class EntropyBits {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #held = 0;
  #bits = 0;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Whether more bits were read than there are. */
  get isBehind(): boolean {
    return this.#bits < 0;
  }

  /** Position of the first byte without a read bit. */
  get at(): number {
    return this.#at - Math.max(0, this.#bits >> 3);
  }

  /** The next symbol, or -1 if the bits are no code. */
  symbol(table: HuffmanTable): number {
    this.#fill();
    const found = table[this.#peek16()] ?? 0;
    if (found === 0) return -1;
    this.#bits -= found >> 8;
    return found & 255;
  }

  /** @param count at most 16. */
  read(count: number): number {
    this.#fill();
    const value = this.#peek16() >>> (16 - count);
    this.#bits -= count;
    return value;
  }

  /** @param count at most 16. */
  skip(count: number): void {
    this.#fill();
    this.#bits -= count;
  }

  /** Continues behind a marker. */
  moveTo(at: number): void {
    this.#at = at;
    this.#held = 0;
    this.#bits = 0;
  }

  #fill(): void {
    while (this.#bits < 16 && this.#bits >= 0 && this.#at < this.#end) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte === 0xff) {
        if (this.#bytes[this.#at + 1] !== 0) return;
        this.#at++;
      }
      this.#at++;
      this.#held = (this.#held << 8) | byte;
      this.#bits += 8;
    }
  }

  #peek16(): number {
    const bits = this.#bits;
    if (bits < 0) return 0;
    return (bits >= 16 ? this.#held >>> (bits - 16) : this.#held << (16 - bits)) & 0xffff;
  }
}
