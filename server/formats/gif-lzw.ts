const MOST_CODES = 4096;

/** Of each code the number of its pixels. One for all calls: a GIF can have a hundred thousand frames. */
const lengths = new Uint32Array(MOST_CODES);

/**
 * Reads the codes of a frame, whose length grows with the table that a decoder builds (GIF89a appendix F), up to the end code, or until
 * they end or are invalid.
 * @param at position of the code size; sub-blocks follow.
 * @param visit gets each code of pixels and their number, and returns false to stop. A generator takes ten times as long.
 */
export function readLzw(gif: Buffer, at: number, visit: (code: number, pixels: number) => boolean): void {
  const bits = gif[at] ?? 0;
  if (bits < 1 || bits > 8) return;
  const clear = 2 ** bits;
  const end = clear + 1;
  lengths.fill(1, 0, clear);
  let [held, heldBits, codeBits, known, before] = [0, 0, bits + 1, end, 0];
  let next = at + 1;
  for (let byteAt = next; byteAt < gif.length; byteAt++) {
    const byte = gif[byteAt] ?? 0;
    if (byteAt === next) {
      // The length of a sub-block; an empty one is the last.
      if (byte === 0) return;
      next += 1 + byte;
      continue;
    }
    held |= byte << heldBits;
    heldBits += 8;
    while (heldBits >= codeBits) {
      const code = held & ((1 << codeBits) - 1);
      held >>>= codeBits;
      heldBits -= codeBits;
      if (code === end) return;
      if (code === clear) {
        codeBits = bits + 1;
        known = end;
        before = 0;
        continue;
      }
      // The first code after a clear code adds nothing to the table; the next entry can be used before it exists.
      if (before > 0 && known + 1 < MOST_CODES) lengths[++known] = before + 1;
      if (code > known) return;
      before = lengths[code] ?? 0;
      if (!visit(code, before)) return;
      if (known + 1 >= 1 << codeBits && codeBits < 12) codeBits++;
    }
  }
}
