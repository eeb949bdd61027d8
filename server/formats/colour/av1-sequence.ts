import type { ByteReader } from "../byte-reader.ts";
import type { Cicp } from "./colour-tag.ts";

/** The colours of an AV1 stream (AV1 §5.5.2). */
export interface Av1Colour extends Cicp {
  /** ITU-T H.273, table 4. */
  readonly matrix: number;
  readonly isGrey: boolean;
  readonly isFullRange: boolean;
}

/** Values of an AV1 stream without a description. */
const UNSPECIFIED = 2;
const SEQUENCE_HEADER = 1;

/**
 * Reads the first sequence header of a stream.
 * @param start where its first OBU (§5.3) is.
 * @throws RangeError if the bytes end before it; undefined if there is none until `end`.
 */
export function readSequenceHeader(bytes: ByteReader, start: number, end: number): Av1Colour | undefined {
  for (let at = start; at < end; ) {
    const header = bytes.uint8(at);
    const [type, hasExtension, hasSize] = [(header >> 3) & 15, (header & 4) !== 0, (header & 2) !== 0];
    at += hasExtension ? 2 : 1;
    const size = hasSize ? leb128(bytes, at) : { value: end - at, length: 0 };
    at += size.length;
    if (type === SEQUENCE_HEADER) return sequenceHeader(new Bits(bytes, at));
    at += size.value;
  }
  return undefined;
}

function leb128(bytes: ByteReader, at: number): { readonly value: number; readonly length: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes.uint8(at + index);
    value += (byte & 127) * 128 ** index;
    if (byte < 128) return { value, length: index + 1 };
  }
  throw new RangeError("no length");
}

class Bits {
  readonly #bytes: ByteReader;
  #at: number;

  constructor(bytes: ByteReader, start: number) {
    this.#bytes = bytes;
    this.#at = 8 * start;
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--, this.#at++)
      value = value * 2 + ((this.#bytes.uint8(this.#at >> 3) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** §4.10.3 */
  skipUvlc(): void {
    let zeros = 0;
    while (!this.flag()) zeros++;
    this.skip(zeros);
  }
}

/** §5.5.1 */
function sequenceHeader(bits: Bits): Av1Colour {
  const profile = bits.read(3);
  bits.skip(1);
  const isReduced = bits.flag();
  if (isReduced) bits.skip(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  bits.skip(widthBits + heightBits);
  if (!isReduced && bits.flag()) bits.skip(7);
  bits.skip(3);
  if (!isReduced) skipTools(bits);
  bits.skip(3);
  return colourConfig(bits, profile);
}

function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0;
  if (bits.flag()) {
    bits.skip(64);
    if (bits.flag()) bits.skipUvlc();
    if (bits.flag()) {
      delayBits = bits.read(5) + 1;
      bits.skip(32 + 5 + 5);
    }
  }
  const hasDisplayDelay = bits.flag();
  for (let left = bits.read(5) + 1; left > 0; left--) {
    bits.skip(12);
    if (bits.read(5) > 7) bits.skip(1);
    if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDisplayDelay && bits.flag()) bits.skip(4);
  }
}

function skipTools(bits: Bits): void {
  bits.skip(4);
  const hasOrderHint = bits.flag();
  if (hasOrderHint) bits.skip(2);
  const forcesScreenContent = bits.flag() || bits.flag();
  if (forcesScreenContent && !bits.flag()) bits.skip(1);
  if (hasOrderHint) bits.skip(3);
}

const PROFILE_OF_12_BITS = 2;
const PROFILE_WITHOUT_GREY = 1;

/** §5.5.2 */
function colourConfig(bits: Bits, profile: number): Av1Colour {
  const isDeep = bits.flag();
  if (profile === PROFILE_OF_12_BITS && isDeep) bits.skip(1);
  const isGrey = profile !== PROFILE_WITHOUT_GREY && bits.flag();
  const [primaries = UNSPECIFIED, transfer = UNSPECIFIED, matrix = UNSPECIFIED] = bits.flag()
    ? [bits.read(8), bits.read(8), bits.read(8)]
    : [];
  const isRgb = !isGrey && primaries === 1 && transfer === 13 && matrix === 0;
  return { primaries, transfer, matrix, isGrey, isFullRange: isRgb || bits.flag() };
}
