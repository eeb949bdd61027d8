import { EntropyBits, type HuffmanTable } from "./entropy-bits.ts";
import { countKnown, isKnown, setKnown } from "./known-coefficients.ts";

/** A colour component, and its blocks as they are stored: whole MCUs of an interleaved scan. */
export interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly blocksAcross: number;
  /** Blocks of an own scan, which leaves out those beyond the edge. */
  readonly ownAcross: number;
  readonly ownDown: number;
  /** Of a progressive JPEG: which coefficients of each block are not zero, in two words of 32 bits. */
  readonly known: Uint32Array | undefined;
  /** Of each coefficient: the lowest bit that the scans so far contain. */
  readonly lowest: Uint8Array;
}

/** A scan's header (ITU T.81 §B.2.3), with the tables and the restart interval that apply to it. */
export interface Scan {
  readonly parts: readonly {
    readonly component: Component;
    readonly dc: HuffmanTable;
    readonly ac: HuffmanTable;
  }[];
  readonly isProgressive: boolean;
  readonly first: number;
  readonly last: number;
  /** Successive approximation: the bit before, and the bit now. */
  readonly high: number;
  readonly low: number;
  readonly restart: number;
  /** MCUs of an interleaved scan. */
  readonly mcusAcross: number;
  readonly mcusDown: number;
}

export interface ScanResult {
  /** MCUs that the data contain, and those that the frame has. */
  readonly done: number;
  readonly total: number;
  /** Position behind the last bit that was used. */
  readonly at: number;
  /** Whether the codes also speak of blocks beyond the last. */
  readonly isOver: boolean;
}

/**
 * Reads a scan's codes without the pixels: as a decoder does, it shows how many of the blocks exist (ITU T.81 annexes F and G).
 * @param at position of the first code.
 * @param end position where the file ends, or where damage is known to begin.
 */
export function readScan(bytes: Uint8Array, at: number, end: number, scan: Scan): ScanResult {
  const bits = new EntropyBits(bytes, at, end);
  const reader = new BlockReader(bits, scan);
  const [only] = scan.parts;
  const isAlone = scan.parts.length === 1 && only !== undefined;
  const across = isAlone ? only.component.ownAcross : scan.mcusAcross;
  const down = isAlone ? only.component.ownDown : scan.mcusDown;
  const total = across * down;
  for (let mcu = 0; mcu < total; mcu++) {
    if (scan.restart > 0 && mcu > 0 && mcu % scan.restart === 0) {
      const next = restartAt(bytes, bits.at, end, (mcu / scan.restart - 1) % 8);
      if (next === undefined || reader.isInRun) return { done: mcu, total, at: bits.at, isOver: false };
      bits.moveTo(next);
    }
    const [x, y] = [mcu % across, Math.floor(mcu / across)];
    const isGood = isAlone ? reader.readBlock(only, x, y) : readMcu(reader, scan, x, y);
    if (!isGood || bits.isBehind) return { done: mcu, total, at: bits.at, isOver: false };
  }
  return { done: total, total, at: bits.at, isOver: reader.isInRun };
}

function readMcu(reader: BlockReader, { parts }: Scan, x: number, y: number): boolean {
  for (const part of parts) {
    const { across, down } = part.component;
    for (let row = 0; row < down; row++)
      for (let column = 0; column < across; column++)
        if (!reader.readBlock(part, x * across + column, y * down + row)) return false;
  }
  return true;
}

/** Bytes before a restart marker that belong to no block; a decoder skips them. */
const MOST_PADDING = 2;

/** The position behind the restart marker that comes next; undefined if something else comes. */
function restartAt(bytes: Uint8Array, from: number, end: number, number: number): number | undefined {
  for (let at = from; at + 1 < end && at <= from + MOST_PADDING; at++) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff && at + 2 < end) at++;
    if (bytes[at] === 0xff && bytes[at + 1] !== 0)
      return bytes[at + 1] === 0xd0 + number ? at + 2 : undefined;
  }
  return undefined;
}

type Part = Scan["parts"][number];

/** Reads the codes of one block after the other; false if they are invalid. */
class BlockReader {
  readonly #bits: EntropyBits;
  readonly #scan: Scan;
  readonly readBlock: (part: Part, x: number, y: number) => boolean;
  /** Blocks without a further coefficient in this band. */
  #emptyBlocks = 0;

  constructor(bits: EntropyBits, scan: Scan) {
    this.#bits = bits;
    this.#scan = scan;
    const { isProgressive, first, high } = scan;
    if (!isProgressive) this.readBlock = (part) => this.#readWhole(part);
    else if (first === 0) this.readBlock = high === 0 ? (part) => this.#readDc(part) : () => this.#skipBit();
    else if (high === 0) this.readBlock = (part, x, y) => this.#readBand(part, x, y);
    else this.readBlock = (part, x, y) => this.#refineBand(part, x, y);
  }

  /** Whether the next block is one of several that have no codes of their own. */
  get isInRun(): boolean {
    return this.#emptyBlocks > 0;
  }

  #skipBit(): boolean {
    this.#bits.skip(1);
    return true;
  }

  #readDc({ dc }: Part): boolean {
    const size = this.#bits.symbol(dc);
    if (size < 0 || size > 16) return false;
    this.#bits.skip(size);
    return true;
  }

  #readWhole(part: Part): boolean {
    if (!this.#readDc(part)) return false;
    const bits = this.#bits;
    for (let at = 1; at < 64; at++) {
      const symbol = bits.symbol(part.ac);
      if (symbol < 0) return false;
      const size = symbol & 15;
      at += symbol >> 4;
      if (size > 0) bits.skip(size);
      else if (symbol !== LONG_RUN) return true;
      if (at > 63) return false;
    }
    return true;
  }

  /** §G.1.2.2 */
  #readBand({ component, ac }: Part, x: number, y: number): boolean {
    if (this.#emptyBlocks > 0) {
      this.#emptyBlocks--;
      return true;
    }
    const { first, last } = this.#scan;
    const block = 2 * (y * component.blocksAcross + x);
    for (let at = first; at <= last; at++) {
      const symbol = this.#bits.symbol(ac);
      if (symbol < 0) return false;
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run < 15) {
        this.#emptyBlocks = 2 ** run - 1 + this.#bits.read(run);
        return true;
      }
      at += run;
      if (at > last) return false;
      if (size === 0) continue;
      this.#bits.skip(size);
      setKnown(component, block, at);
    }
    return true;
  }

  /** §G.1.2.3: each coefficient that is known not to be zero has a bit more. */
  #refineBand({ component, ac }: Part, x: number, y: number): boolean {
    const bits = this.#bits;
    const { first, last } = this.#scan;
    const block = 2 * (y * component.blocksAcross + x);
    let at = first;
    for (; at <= last && this.#emptyBlocks === 0; at++) {
      const symbol = bits.symbol(ac);
      if (symbol < 0) return false;
      let run = symbol >> 4;
      const size = symbol & 15;
      if (size === 0 && run < 15) {
        this.#emptyBlocks = 2 ** run + bits.read(run);
        break;
      }
      if (size > 0) bits.skip(1);
      for (; at <= last; at++) {
        if (isKnown(component, block, at)) bits.skip(1);
        else if (--run < 0) break;
      }
      if (size > 0 && at <= last) setKnown(component, block, at);
    }
    if (this.#emptyBlocks === 0) return true;
    for (let left = countKnown(component, block, at, last); left > 0; left -= 16)
      bits.skip(Math.min(16, left));
    this.#emptyBlocks--;
    return true;
  }
}

/** Sixteen zeros, and no coefficient after them. */
const LONG_RUN = 0xf0;
