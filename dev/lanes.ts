import { availableParallelism } from "node:os";
import pMap from "p-map";
import type { TunedFormat } from "../contract/tuning.ts";
import type { Encoder, Lane, Output } from "../server/encode/encoder.ts";

/**
 * How much pictures for a waiting reader look better than those that a publish makes, at each `q`: SSIMULACRA 2.1, mean of the
 * photographs. Negative: the publish's look better.
 */
export async function lanesApart(
  encoder: Encoder,
  originals: readonly Uint8Array[],
  {
    width,
    qualities,
    format,
  }: { readonly width: number; readonly qualities: readonly number[]; readonly format: TunedFormat },
): Promise<readonly number[]> {
  const signal = new AbortController().signal;
  const encode = async (original: Uint8Array, lane: Lane, outputs: readonly Output[]) => {
    const bodies: Uint8Array[] = [];
    for await (const { body } of encoder.encode(original, outputs, { lane, signal })) bodies.push(body);
    return bodies;
  };
  const asked = qualities.map((quality) => ({ width, quality, class: format }));
  const apart = await pMap(
    originals,
    async (original) => {
      const lossless = { width, quality: 100, class: "png" } as const;
      const [reference, ...warm] = await encode(original, "warm", [lossless, ...asked]);
      const live = await encode(original, "live", asked);
      const score = (picture: Uint8Array | undefined): Promise<number> => {
        if (reference === undefined || picture === undefined) throw new Error("a picture was not made");
        return encoder.score(reference, picture, { signal });
      };
      const differences: number[] = [];
      for (const at of qualities.keys()) differences.push((await score(live[at])) - (await score(warm[at])));
      return differences;
    },
    { concurrency: availableParallelism() },
  );
  return qualities.map(
    (_, at) => apart.reduce((sum, one) => sum + (one[at] ?? Number.NaN), 0) / originals.length,
  );
}
