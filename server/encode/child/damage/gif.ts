import { type GifBlock, gifBlocks, pixelsOf, rectangleOf, screenBytes } from "../../../formats/gif.ts";
import { readLzw } from "../../../formats/gif-lzw.ts";

const [EXTENSION, CONTROL, IMAGE] = [0x21, 0xf9, 0x2c];

/**
 * How much of a GIF exists, in percent: of its only frame's pixels, or of an animation's frames. A missing trailer alone does not
 * count. Never throws.
 */
export function percentOfGif(gif: Buffer): number | undefined {
  const frames = [...framesOf(gif)];
  const [first] = frames;
  if (first === undefined) return undefined;
  const bad = frames.findIndex((frame) => shareOf(gif, frame) < 1);
  if (bad === -1) return endsBeforeFrame(gif) ? Math.floor((100 * frames.length) / (frames.length + 1)) : 100;
  return Math.floor(100 * (frames.length === 1 ? shareOf(gif, first) : bad / frames.length));
}

/** A file that ends in the middle of the block before a frame. */
function endsBeforeFrame(gif: Buffer): boolean {
  let end = screenBytes(gif);
  for (const block of gifBlocks(gif)) end = block.end;
  return gif[end] === EXTENSION && gif[end + 1] === CONTROL;
}

/** The last one can end early. */
function* framesOf(gif: Buffer): Generator<GifBlock> {
  let end = gif.length < 13 ? gif.length : screenBytes(gif);
  for (const block of gifBlocks(gif)) {
    end = block.end;
    if (block.kind === "image") yield block;
  }
  if (gif[end] === IMAGE && end + 10 <= gif.length) yield { kind: "image", start: end, end: gif.length };
}

function shareOf(gif: Buffer, frame: GifBlock): number {
  const { width, height } = rectangleOf(gif, frame);
  let done = 0;
  readLzw(gif, pixelsOf(gif, frame), (_, pixels) => {
    done += pixels;
    return done < width * height;
  });
  return done >= width * height ? 1 : done / (width * height);
}
