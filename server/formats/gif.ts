/** A block of a GIF (GIF89a §§17 to 27), from its first byte to the byte after its last. */
export interface GifBlock {
  readonly kind: "control" | "application" | "comment" | "text" | "other" | "image";
  readonly start: number;
  readonly end: number;
}

/** The area of the canvas that a frame covers, in pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const [EXTENSION, IMAGE] = [0x21, 0x2c];

const extensions: Readonly<Record<number, GifBlock["kind"]>> = {
  249: "control",
  255: "application",
  254: "comment",
  1: "text",
};

/** The data before the blocks: the canvas, and the colours of frames without their own. */
export function screenBytes(gif: Buffer): number {
  return 13 + tableBytes(gif[10]);
}

/** The complete blocks of a GIF up to its trailer, or until it ends or is invalid. Never throws. */
export function* gifBlocks(gif: Buffer): Generator<GifBlock> {
  for (let start = screenBytes(gif); ; ) {
    const kind = kindAt(gif, start);
    const end = kind === undefined ? undefined : endOfData(gif, dataOf(gif, kind, start));
    if (kind === undefined || end === undefined) return;
    yield { kind, start, end };
    start = end;
  }
}

/** The area of a frame; it can reach beyond the canvas. */
export function rectangleOf(gif: Buffer, image: GifBlock): Rectangle {
  const at = (offset: number): number => gif.readUInt16LE(image.start + offset);
  return { left: at(1), top: at(3), width: at(5), height: at(7) };
}

/** Position of an image block's pixel data: the code size, then sub-blocks. */
export function pixelsOf(gif: Buffer, image: GifBlock): number {
  return image.start + 10 + tableBytes(gif[image.start + 9]);
}

// --- places ---

/** Bytes of the colour table, from these flags. */
function tableBytes(flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

function kindAt(gif: Buffer, start: number): GifBlock["kind"] | undefined {
  if (gif[start] === IMAGE) return "image";
  return gif[start] === EXTENSION ? (extensions[gif[start + 1] ?? 0] ?? "other") : undefined;
}

function dataOf(gif: Buffer, kind: GifBlock["kind"], start: number): number {
  return kind === "image" ? start + 11 + tableBytes(gif[start + 9]) : start + 2;
}

/** The position after the empty sub-block; undefined if the file ends before it. */
function endOfData(gif: Buffer, from: number): number | undefined {
  let at = from;
  for (let bytes = gif[at]; bytes !== undefined; bytes = gif[at]) {
    at += 1 + bytes;
    if (bytes === 0) return at;
  }
  return undefined;
}
