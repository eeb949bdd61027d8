/** A frame of one colour, by its place in {@link colours}, or of the colours of its pixels. */
export interface GifFrame {
  /** Left, top, width, height. */
  readonly at: readonly [number, number, number, number];
  readonly colour: number | readonly number[];
  /** How it is disposed of before the next frame (GIF89a §23): 2 clears it. Undefined: it has no control block. */
  readonly disposal?: number;
  /** Whether its codes end with the end code. */
  readonly ended?: boolean;
}

/** Black, red, green, blue, and 252 more where `bits` is 8. */
const colours = (bits: number) =>
  Array.from({ length: 2 ** bits }, (_, at) =>
    at < 4 ? [at === 1 ? 255 : 0, at === 2 ? 255 : 0, at === 3 ? 255 : 0] : [at, at, at],
  );

/** A GIF that no encoder here would write; its background colour is blue. */
export function gifOf(
  width: number,
  height: number,
  frames: readonly GifFrame[],
  { bits = 2, trailer = true, extensions = Buffer.alloc(0) } = {},
): Buffer {
  const screen = [...uint16(width), ...uint16(height), 0x80 | (bits - 1), 3, 0, ...colours(bits).flat()];
  return Buffer.concat([
    Buffer.from("GIF89a"),
    Buffer.from(screen),
    extensions,
    ...frames.map((frame) => frameOf(frame, bits)),
    Buffer.from(trailer ? [0x3b] : []),
  ]);
}

function frameOf({ at, colour, disposal, ended = true }: GifFrame, bits: number): Buffer {
  const [left, top, width, height] = at;
  const pixels = typeof colour === "number" ? new Array<number>(width * height).fill(colour) : colour;
  const control = disposal === undefined ? [] : [0x21, 0xf9, 4, disposal << 2, 20, 0, 0, 0];
  const image = [0x2c, ...uint16(left), ...uint16(top), ...uint16(width), ...uint16(height), 0];
  return Buffer.concat([Buffer.from([...control, ...image, bits]), subBlocks(codes(pixels, bits, ended))]);
}

/** Each pixel as a code of its own; the table is cleared before codes grow. */
function codes(pixels: readonly number[], bits: number, ended: boolean): Buffer {
  const clear = 2 ** bits;
  const bytes: number[] = [];
  let [held, length] = [0, 0];
  const put = (code: number) => {
    held |= code << length;
    for (length += bits + 1; length >= 8; length -= 8) {
      bytes.push(held & 255);
      held >>>= 8;
    }
  };
  pixels.forEach((pixel, at) => {
    if (at % (clear - 2) === 0) put(clear);
    put(pixel);
  });
  if (ended) put(clear + 1);
  if (length > 0) bytes.push(held & 255);
  return Buffer.from(bytes);
}

export function subBlocks(data: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([...blocks, Buffer.from([0])]);
}

function uint16(number: number): readonly [number, number] {
  return [number & 255, number >> 8];
}
