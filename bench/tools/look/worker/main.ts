import { readFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import sharp from "sharp";
import type { Offsets } from "../../../../contract/tuning.ts";
import { defaultOutputLimits } from "../../../../server/encode/child/choose-format.ts";
import { openOriginal } from "../../../../server/encode/child/original/original.ts";
import type { Pixels } from "../../../../server/encode/child/score/rows.ts";
import { ssimulacra2 } from "../../../../server/encode/child/score/ssimulacra2.ts";
import { tuneOriginal } from "../../../../server/encode/child/score/tune.ts";
import { transform } from "../../../../server/encode/child/transform.ts";
import type { Encoded } from "../../../../server/encode/encoder.ts";
import { defaultLimits } from "../../../../server/encode/limits.ts";
import type { Answer, Asked, Judged, OwnJob } from "../looks.ts";

/** A thread of looks.ts. */
sharp.concurrency(1);
parentPort?.on("message", (asked: Asked) => {
  void answer(asked)
    .then(
      (made): Answer => ({ id: asked.id, made }),
      (error: unknown): Answer => ({ id: asked.id, failed: String(error) }),
    )
    .then((reply) => parentPort?.postMessage(reply));
});

async function answer(asked: Asked): Promise<readonly Judged[]> {
  const { file, width } = asked;
  if (asked.kind === "reference") return [{ body: await lossless(file, width), scores: [] }];
  if (asked.kind === "score")
    return [{ body: new Uint8Array(), scores: [await judge(asked, asked.picture)] }];
  const judged: Judged[] = [];
  for (const { body } of await make(asked)) {
    const scores: number[] = [];
    for (const seen of asked.seenAt ?? [width])
      scores.push(await judge({ file, width: seen }, seen === width ? body : await shown(body, file, seen)));
    judged.push({ body, scores });
  }
  return judged;
}

/** As a browser shows a picture on a screen with fewer pixels. */
async function shown(body: Uint8Array, file: string, seen: number): Promise<Uint8Array> {
  const { width, height } = await referenceOf(file, seen);
  return sharp(body).resize({ width, height, fit: "fill" }).png({ compressionLevel: 0 }).toBuffer();
}

async function make({ file, width, lane, effort, outputs, tuned = false }: OwnJob): Promise<Encoded[]> {
  const made: Encoded[] = [];
  const original = await readFile(file);
  const offsets = tuned ? await offsetsOf(file, original) : undefined;
  const options = {
    lane,
    limits: defaultLimits,
    outputLimits: defaultOutputLimits,
    memory: 2 ** 31,
    ...(effort !== undefined && { effort }),
    outputs: outputs.map(({ format, quality }) => ({
      width,
      quality,
      class: format,
      refused: {},
      ...(offsets && { offsets }),
    })),
  };
  for await (const one of transform(original, options)) made.push(one);
  return made;
}

/** By file: it is measured once, for all widths. */
const tunings = new Map<string, Promise<Offsets | undefined>>();

function offsetsOf(file: string, body: Uint8Array): Promise<Offsets | undefined> {
  const measure = async (): Promise<Offsets | undefined> => {
    const original = await openOriginal(body, defaultLimits);
    return (await tuneOriginal(original, defaultLimits, { look: true })).offsets;
  };
  const known = tunings.get(file) ?? measure();
  tunings.set(file, known);
  return known;
}

// --- references ---

/** Of the last photograph only. */
let kept: { readonly file: string; readonly byWidth: Map<number, Promise<Pixels>> } | undefined;

function referenceOf(file: string, width: number): Promise<Pixels> {
  if (kept?.file !== file) kept = { file, byWidth: new Map() };
  const pixels = kept.byWidth.get(width) ?? lossless(file, width).then(pixelsOf);
  kept.byWidth.set(width, pixels);
  return pixels;
}

async function lossless(file: string, width: number): Promise<Uint8Array> {
  const outputs = [{ format: "png", quality: 100 }] as const;
  const [one] = await make({ file, width, lane: "live", outputs });
  if (one === undefined) throw new Error(`no lossless picture of ${file}`);
  return one.body;
}

async function judge({ file, width: at }: Pick<OwnJob, "file" | "width">, body: Uint8Array): Promise<number> {
  const [reference, picture] = [await referenceOf(file, at), await pixelsOf(body)];
  const [width, height] = [
    Math.min(reference.width, picture.width),
    Math.min(reference.height, picture.height),
  ];
  const largest = [reference, picture].some((one) => one.width > width + 1 || one.height > height + 1);
  if (largest)
    throw new Error(
      `${picture.width} × ${picture.height} pixels instead of ${reference.width} × ${reference.height}`,
    );
  return ssimulacra2(cropped(reference, width, height), cropped(picture, width, height));
}

async function pixelsOf(body: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(body).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  return { data, ...info };
}

/** Programs round the height of a picture differently. */
function cropped({ data, channels, width: from }: Pixels, width: number, height: number): Pixels {
  if (from === width) return { data, channels, width, height };
  const rows = Array.from({ length: height }, (_, y) =>
    data.subarray(y * from * channels, (y * from + width) * channels),
  );
  return { data: Buffer.concat(rows), channels, width, height };
}
