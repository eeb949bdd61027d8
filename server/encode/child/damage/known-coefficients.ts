/** Of each block two words of 32 bits: which of its 64 coefficients are not zero. */
export interface Coefficients {
  readonly known: Uint32Array | undefined;
}

/** Whether an earlier scan has made a coefficient of a block other than zero. */
export function isKnown({ known }: Coefficients, block: number, at: number): boolean {
  return known !== undefined && (((known[block + (at >> 5)] ?? 0) >>> (at & 31)) & 1) === 1;
}

/** How many of a block's coefficients are known, from one to another. */
export function countKnown({ known }: Coefficients, block: number, from: number, to: number): number {
  if (known === undefined || from > to) return 0;
  const low = from < 32 ? (known[block] ?? 0) & (FULL << from) & (FULL >>> Math.max(0, 31 - to)) : 0;
  const high =
    to >= 32 ? (known[block + 1] ?? 0) & (FULL << Math.max(0, from - 32)) & (FULL >>> (63 - to)) : 0;
  return countBits(low) + countBits(high);
}

const FULL = 0xffffffff;

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function setKnown({ known }: Coefficients, block: number, at: number): void {
  const word = block + (at >> 5);
  if (known !== undefined) known[word] = (known[word] ?? 0) | (1 << (at & 31));
}
