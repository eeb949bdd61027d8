import type { TunedFormat } from "../contract/tuning.ts";
import type { Encoder, Lane } from "../server/encode/encoder.ts";

/**
 * How much a picture for a waiting reader looks better than one that a publish makes, at one `q`: SSIMULACRA 2.1, mean of the
 * photographs. Negative: the publish's looks better.
 */
export async function lanesApart(
  encoder: Encoder,
  originals: readonly Uint8Array[],
  {
    width,
    quality,
    format,
  }: { readonly width: number; readonly quality: number; readonly format: TunedFormat },
): Promise<number> {
  const signal = new AbortController().signal;
  const encode = async (
    original: Uint8Array,
    lane: Lane,
    asked: { class: TunedFormat | "png"; quality: number },
  ) => {
    for await (const { body } of encoder.encode(original, [{ width, ...asked }], { lane, signal }))
      return body;
    throw new Error("nothing was made");
  };
  let sum = 0;
  for (const original of originals) {
    const lossless = await encode(original, "warm", { class: "png", quality: 100 });
    const [live, warm] = [
      await encode(original, "live", { class: format, quality }),
      await encode(original, "warm", { class: format, quality }),
    ];
    sum +=
      (await encoder.score(lossless, live, { signal })) - (await encoder.score(lossless, warm, { signal }));
  }
  return sum / originals.length;
}
