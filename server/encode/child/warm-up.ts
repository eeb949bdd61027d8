import sharp from "sharp";
import { defaultLimits } from "../limits.ts";
import { defaultOutputLimits } from "./choose-format.ts";
import { transform } from "./transform.ts";

const SIDE = 64;

/** Makes one small image in each format, so that a reader's job does not pay for loading, compiling and initialising. */
export async function warmUp(): Promise<void> {
  const pixels = { create: { width: SIDE, height: SIDE, channels: 3, background: "#369" } } as const;
  const original = await sharp(pixels).jpeg().toBuffer();
  const outputs = (["jpg", "webp", "avif"] as const).map((name) => ({
    class: name,
    quality: 50,
    width: SIDE / 2,
    refused: {},
  }));
  const options = {
    limits: defaultLimits,
    outputLimits: defaultOutputLimits,
    memory: Number.MAX_SAFE_INTEGER,
  };
  for await (const _ of transform(original, { outputs, lane: "live", ...options }));
}
