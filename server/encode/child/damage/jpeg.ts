import { isStartOfFrame } from "../../../formats/dimensions.ts";
import { type HuffmanTable, huffmanTable } from "./entropy-bits.ts";
import { type Component, readScan, type Scan } from "./jpeg-scan.ts";

/**
 * How much of a JPEG's picture exists, in percent of its height: 100 if no block is missing. From there on it is grey, garbled or,
 * if it is progressive, blurred. 0 if it is not known where. A missing end marker alone and data behind the picture do not count.
 * @returns undefined if it cannot be decided: arithmetic coding, an invalid header, or more work than a camera's file is.
 */
export function percentOfJpeg(jpeg: Buffer): number | undefined {
  try {
    return new Picture(jpeg).percent();
  } catch (error) {
    // Its header ends early, or is invalid: no decoder reads it.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const [TABLES, END, SCAN, RESTART_INTERVAL] = [0xc4, 0xd9, 0xda, 0xdd];

/** Blocks that are read of all scans together: some seconds of work. */
const MOST_BLOCKS = 2 ** 27;

/** A scan's tables take as long as this number of blocks. */
const TABLES_BLOCKS = 2 ** 13;

/** Bytes behind the last block of a scan that are no sign of damage. */
const MOST_SURPLUS = 16;

/** Sectors of a disk, or parts of a download, that were never filled. Codes of a flat picture can be the same. */
const HOLE = Buffer.alloc(64);
const SECTOR = Buffer.alloc(512);

class Picture {
  readonly #jpeg: Buffer;
  /** By class and number. A file can have a hundred thousand of them: a table is made when a scan uses it. */
  readonly #tables = new Map<number, () => HuffmanTable>();
  #frame: Frame | undefined;
  #restart = 0;
  #blocks = 0;
  /** Of the first scan that lacks something. */
  #percent: number | undefined;

  constructor(jpeg: Buffer) {
    this.#jpeg = jpeg;
  }

  percent(): number | undefined {
    for (let at = this.#nextMarker(2); at < this.#jpeg.length; ) {
      const marker = this.#jpeg.readUInt8(at + 1);
      if (marker === END) break;
      const start = at + 4;
      const end = at + 2 + this.#jpeg.readUInt16BE(at + 2);
      // A decoder needs all of a header.
      if (end > this.#jpeg.length) break;
      const segment = this.#jpeg.subarray(start, end);
      if (isStartOfFrame(0xff00 | marker)) {
        if (marker > 0xc2 || this.#frame !== undefined) return undefined;
        this.#frame = readFrame(segment, marker === 0xc2);
        // Its height comes behind the first scan (§B.2.5): no decoder here reads it.
        if (this.#frame.mcusDown === 0) return undefined;
      } else if (marker === TABLES) this.#readTables(segment);
      else if (marker === RESTART_INTERVAL) this.#restart = segment.readUInt16BE(0);
      else if (marker === SCAN) {
        const scan = this.#readHeader(segment);
        this.#blocks += blocksOf(scan) + TABLES_BLOCKS;
        if (this.#blocks > MOST_BLOCKS) return undefined;
        this.#readScan(scan, end);
        if (this.#percent !== undefined) break;
        noteBits(scan);
      }
      at = this.#nextMarker(end);
    }
    if (this.#frame === undefined) return undefined;
    return this.#percent ?? (hasAllBits(this.#frame) ? 100 : 0);
  }

  #readScan(scan: Scan, from: number): void {
    const whole = readScan(this.#jpeg, from, this.#jpeg.length, scan);
    // Zeros behind the last block are only padding.
    const used = this.#jpeg.subarray(0, whole.at);
    const hole = used.indexOf(HOLE, from);
    const surplus = this.#surplus(whole.at, hole !== -1);
    const isWhole =
      whole.done === whole.total && !whole.isOver && surplus <= (hole === -1 ? MOST_SURPLUS : 1);
    if (isWhole && (canHaveZeros(scan) || !used.includes(SECTOR, from))) return;
    // Zeros are valid codes: the damage begins with them.
    const { done, total } = hole === -1 ? whole : readScan(this.#jpeg, from, hole, scan);
    // If there are more data than blocks, it is not known where they do not belong.
    this.#percent = done === total ? 0 : Math.floor((100 * done) / total);
  }

  /** Bytes between the last block and the next marker, without those that fill the space before a marker or the file. */
  #surplus(start: number, hasHole: boolean): number {
    let end = this.#nextMarker(start);
    const isFill = (byte: number | undefined) => byte === 0xff || (byte === 0 && !hasHole);
    while (end > start && isFill(this.#jpeg[end - 1])) end--;
    return end - start;
  }

  /** The next marker that is not in a scan; the length if there is none. */
  #nextMarker(from: number): number {
    for (let at = this.#jpeg.indexOf(0xff, from); at !== -1; at = this.#jpeg.indexOf(0xff, at + 1)) {
      const marker = this.#jpeg[at + 1] ?? 0;
      const isInScan = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7);
      if (!isInScan) return at;
    }
    return this.#jpeg.length;
  }

  #readTables(segment: Buffer): void {
    for (let at = 0; at < segment.length; ) {
      const counts = segment.subarray(at + 1, at + 17);
      const symbols = counts.reduce((sum, count) => sum + count, 0);
      const name = segment.readUInt8(at);
      const definition = [counts, segment.subarray(at + 17, at + 17 + symbols)] as const;
      let made: HuffmanTable | undefined;
      this.#tables.set(name, () => (made ??= huffmanTable(...definition)));
      at += 17 + symbols;
    }
  }

  #readHeader(segment: Buffer): Scan {
    const frame = this.#frame;
    if (frame === undefined) throw new RangeError("a scan without a frame");
    const count = segment.readUInt8(0);
    const parts = Array.from({ length: count }, (_, index) => {
      const component = frame.components.find(({ id }) => id === segment.readUInt8(1 + 2 * index));
      if (component === undefined) throw new RangeError("a scan of an unknown component");
      const tables = segment.readUInt8(2 + 2 * index);
      const none = new Uint16Array();
      const [dc = none, ac = none] = [tables >> 4, 0x10 | (tables & 15)].map((name) =>
        this.#tables.get(name)?.(),
      );
      return { component, dc, ac };
    });
    const [first, last, bits] = [0, 1, 2].map((at) => segment.readUInt8(1 + 2 * count + at));
    const progress = {
      first: first ?? 0,
      last: Math.min(63, last ?? 63),
      high: (bits ?? 0) >> 4,
      low: (bits ?? 0) & 15,
    };
    const sequential = { first: 0, last: 63, high: 0, low: 0 };
    const { isProgressive, mcusAcross, mcusDown } = frame;
    const restart = this.#restart;
    return {
      parts,
      isProgressive,
      mcusAcross,
      mcusDown,
      restart,
      ...(isProgressive ? progress : sequential),
    };
  }
}

interface Frame {
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  readonly mcusAcross: number;
  readonly mcusDown: number;
}

/** ITU T.81 §B.2.2 */
function readFrame(segment: Buffer, isProgressive: boolean): Frame {
  const [height, width] = [segment.readUInt16BE(1), segment.readUInt16BE(3)];
  const described = Array.from({ length: segment.readUInt8(5) }, (_, index) => {
    const factors = segment.readUInt8(7 + 3 * index);
    return { id: segment.readUInt8(6 + 3 * index), across: factors >> 4, down: factors & 15 };
  });
  const most = {
    across: Math.max(1, ...described.map(({ across }) => across)),
    down: Math.max(1, ...described.map(({ down }) => down)),
  };
  const mcusAcross = Math.ceil(width / (8 * most.across));
  const mcusDown = Math.ceil(height / (8 * most.down));
  const components = described.map((one) => {
    const blocksAcross = mcusAcross * one.across;
    const blocks = blocksAcross * mcusDown * one.down;
    return {
      ...one,
      blocksAcross,
      ownAcross: Math.ceil(Math.ceil((width * one.across) / most.across) / 8),
      ownDown: Math.ceil(Math.ceil((height * one.down) / most.down) / 8),
      known: isProgressive ? new Uint32Array(2 * blocks) : undefined,
      lowest: new Uint8Array(64).fill(NO_BIT),
    };
  });
  return { isProgressive, components, mcusAcross, mcusDown };
}

const NO_BIT = 255;

/**
 * Whether a picture can have a sector of zeros: where they are the codes of blocks without a change, or of the two lowest coefficients
 * alone, which a drawn gradient repeats. With other tables they stand for a pattern that no picture has, and by chance for as many
 * blocks as the missing codes.
 */
function canHaveZeros({ isProgressive, first, last, high, parts }: Scan): boolean {
  const zero = (table: HuffmanTable) => (table[0] ?? 0) & 255;
  if (!isProgressive) return parts.every(({ dc, ac }) => zero(dc) === 0 && zero(ac) === 0);
  // The bits that refine DC coefficients have no codes.
  if (first === 0) return high > 0 || parts.every(({ dc }) => zero(dc) === 0);
  return high === 0 && last <= 2 && parts.every(({ ac }) => (zero(ac) & 15) > 0);
}

function blocksOf({ parts, mcusAcross, mcusDown }: Scan): number {
  return parts.reduce(
    (sum, { component: { across, down } }) => sum + across * down * mcusAcross * mcusDown,
    0,
  );
}

function noteBits({ parts, first, last, low }: Scan): void {
  for (const { component } of parts) component.lowest.fill(low, first, last + 1);
}

/** Whether the scans so far have every bit of every coefficient: a progressive JPEG without its last scans is blurred. */
function hasAllBits({ components }: Frame): boolean {
  return components.every(({ lowest }) => lowest.every((low) => low === 0));
}
