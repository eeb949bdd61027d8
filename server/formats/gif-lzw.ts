import { subBlocks } from "./gif.ts";

/** A code of a frame's pixels, and the number of its pixels. */
export interface LzwCode {
  readonly code: number;
  readonly pixels: number;
}

const MOST_CODES = 4096;

/**
 * The codes of a frame, whose length grows with the table that a decoder builds (GIF89a appendix F), up to the end code, or until
 * they end or are invalid.
 * @param at position of the code size; sub-blocks follow.
 */
export function* lzwCodes(gif: Buffer, at: number): Generator<LzwCode> {
  const bits = gif[at] ?? 0;
  if (bits < 1 || bits > 8) return;
  const clear = 2 ** bits;
  const end = clear + 1;
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, clear);
  let [held, heldBits, codeBits, known, before] = [0, 0, bits + 1, end, 0];
  for (const block of subBlocks(gif, at + 1))
    for (const byte of block) {
      held |= byte << heldBits;
      heldBits += 8;
      while (heldBits >= codeBits) {
        const code = held & (2 ** codeBits - 1);
        held >>>= codeBits;
        heldBits -= codeBits;
        if (code === end) return;
        if (code === clear) {
          [codeBits, known, before] = [bits + 1, end, 0];
          continue;
        }
        // The first code after a clear code adds nothing to the table; the next entry can be used before it exists.
        if (before > 0 && known + 1 < MOST_CODES) lengths[++known] = before + 1;
        if (code > known) return;
        before = lengths[code] ?? 0;
        yield { code, pixels: before };
        if (known + 1 >= 2 ** codeBits && codeBits < 12) codeBits++;
      }
    }
}
