import { animation, photo } from "../../test/support/pictures.ts";
import { chunk, uint32 } from "./png.ts";

/** A given number of frames of 8 × 8 pixels: those of a short animation, repeated. */
export async function longGif(frames: number): Promise<Buffer> {
  const gif = await animation("gif", 2, 8, 8);
  // The part between the header with its palette and the trailer.
  const body = gif.subarray(13 + 3 * 2 ** (((gif[10] ?? 0) % 8) + 1) * ((gif[10] ?? 0) >> 7), -1);
  return Buffer.concat([
    gif.subarray(0, gif.length - 1 - body.length),
    ...Array.from({ length: frames / 2 }, () => body),
    Buffer.from([0x3b]),
  ]);
}

/** Likewise. */
export async function longWebp(frames: number): Promise<Buffer> {
  const webp = await animation("webp", 2, 8, 8);
  const first = webp.indexOf("ANMF");
  const body = webp.subarray(first, webp.length);
  const long = Buffer.concat([webp.subarray(0, first), ...Array.from({ length: frames / 2 }, () => body)]);
  long.writeUInt32LE(long.length - 8, 4);
  return long;
}

/** An APNG whose frames all look the same. */
export async function longPng(frames: number): Promise<Buffer> {
  const png = await photo(8, 8).png().toBuffer();
  const data = png.indexOf("IDAT");
  const pixels = png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4));
  const word = (...numbers: number[]) => Buffer.concat(numbers.map((number) => uint32(number)));
  const control = (sequence: number) =>
    chunk("fcTL", Buffer.concat([word(sequence, 8, 8, 0, 0), Buffer.from([0, 1, 0, 100, 0, 0])]));
  return Buffer.concat([
    png.subarray(0, 33),
    chunk("acTL", word(frames, 0)),
    control(0),
    chunk("IDAT", pixels),
    ...Array.from({ length: frames - 1 }, (_, at) => [
      control(2 * at + 1),
      chunk("fdAT", Buffer.concat([word(2 * at + 2), pixels])),
    ]).flat(),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
