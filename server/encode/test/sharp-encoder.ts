import sharp, { type Sharp } from "sharp";
import { acceptedBy, isReaderClass, type VariantClass } from "../../../contract/formats.ts";
import { CENTRE } from "../../../contract/url/crop.ts";
import { inPieces, join } from "../../formats/pieces.ts";
import { sniff } from "../../formats/sniff.ts";
import { effortFor } from "../child/encoder-settings.ts";
import { blocksOf } from "../child/metadata/blocks.ts";
import { readMeta } from "../child/metadata/read-meta.ts";
import type { Encoded, Encoder, Output } from "../encoder.ts";

/** Makes real images in this process, with hooks, for tests of the code around the encoder. */
export interface SharpEncoder extends Encoder {
  /** Outputs made so far. */
  readonly count: () => number;
  /** Awaited before each output, so that a test can delay work or let it fail. */
  before: (signal: AbortSignal) => Promise<void>;
  /** Marks each output in the live lane as a substitute for another one. */
  substitute: boolean;
  /** What {@link Encoder.isBusy} says. */
  busy: boolean;
}

export function createSharpEncoder(): SharpEncoder {
  let count = 0;
  const encoder: SharpEncoder = {
    count: () => count,
    before: async () => undefined,
    substitute: false,
    async *encode(original, outputs, { lane, signal, effort }) {
      for (const output of outputs) {
        await encoder.before(signal);
        signal.throwIfAborted();
        count += 1;
        const made = await make(join(inPieces(original)), output);
        const substitute = encoder.substitute && lane === "live";
        yield { ...made, effort: effortFor(formatOf(output.class), lane, 0, effort), substitute };
      }
    },
    async describe(file, { fields = [] }) {
      const original = join(inPieces(file));
      const header = await sharp(original).metadata();
      const { width, height, pages = 1, hasAlpha } = header;
      const meta = await readMeta(blocksOf(header), { fields });
      return {
        type: sniff(original).type,
        width,
        height,
        frames: pages,
        alpha: hasAlpha,
        whole: 100,
        focus: CENTRE,
        meta,
      };
    },
    score: async () => 100,
    isBusy: () => encoder.busy,
    busy: false,
    expect: () => () => undefined,
  };
  return encoder;
}

type Made = Omit<Encoded, "effort" | "substitute">;

async function make(original: Uint8Array, { width, quality, class: of }: Output): Promise<Made> {
  const image = sharp(original).autoOrient();
  const sized = width === undefined ? image : image.resize({ width, withoutEnlargement: true });
  const { type, write } = writers[formatOf(of)];
  const { data, info } = await write(sized, quality).toBuffer({ resolveWithObject: true });
  return { contentType: type, body: data, width: info.width, height: info.height };
}

function formatOf(of: VariantClass): keyof typeof writers {
  return isReaderClass(of) ? (acceptedBy(of)[0] ?? "jpg") : of;
}

const writers = {
  avif: { type: "image/avif", write: (image: Sharp, quality: number) => image.avif({ quality, effort: 0 }) },
  webp: { type: "image/webp", write: (image: Sharp, quality: number) => image.webp({ quality, effort: 0 }) },
  jpg: { type: "image/jpeg", write: (image: Sharp, quality: number) => image.jpeg({ quality }) },
  png: { type: "image/png", write: (image: Sharp, _quality: number) => image.png() },
} as const;
