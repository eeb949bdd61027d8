import { writeFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { defaultOutputLimits } from "../../server/encode/child/choose-format.ts";
import type { Output } from "../../server/encode/encoder.ts";
import { readProcessMemory } from "../../server/encode/memory/process-memory.ts";
import { reserveOutputs } from "../../server/encode/memory/reservation.ts";
import { Worker } from "../../server/encode/pool/worker.ts";
import type { Bench } from "../tools/bench.ts";
import type { Result } from "../tools/result/result.ts";

/**
 * Peak memory of a new encoder child for one output of one original, beside the estimate of server/encode/memory/estimate.ts.
 */
export async function encoderMemory(bench: Bench): Promise<Result> {
  const rows: (readonly (string | number)[])[] = [];
  let worst = 0;
  for (const [name, make, outputs] of grid) {
    const original = await make().toBuffer();
    for (const output of outputs) {
      const shown = `${name} → ${output.class}, ${output.width ?? "own width"}, q ${output.quality}`;
      bench.tell(shown);
      const { estimate, resident, data } = await measure(original, output);
      const share = Math.max(resident, data) / estimate;
      worst = Math.max(worst, share);
      rows.push([shown, original.length / MIB, estimate / MIB, resident / MIB, data / MIB, share]);
    }
  }
  const [largest] = [...rows].sort((one, other) => Number(other[5]) - Number(one[5]));
  return {
    title: "Memory of an encoder",
    about:
      "Growth of an encoder child that has done one small job, while it makes one output: its resident memory (VmHWM) and its private writable memory (VmData, which RLIMIT_DATA limits), beside the estimate of server/encode/memory/estimate.ts. The estimate must be the largest of the three.",
    targets: [{ claim: `measured ÷ estimate, at most (${largest?.[0]})`, measured: worst, atMost: 1 }],
    tables: [
      {
        title: "",
        head: ["original and output", "file, MiB", "estimate, MiB", "resident, MiB", "data, MiB", "share"],
        rows,
      },
    ],
    plot: {
      kind: "bars",
      unit: "of the estimate",
      bars: rows.map((row) => ({ name: String(row[0]), value: Number(row[5]), ours: true })),
    },
  };
}

const MIB = 2 ** 20;

// --- originals and outputs ---

const [W, H] = [3_000, 2_000];

/** Noise at large and small scale, as in a photograph. */
function picture(width = W, height = H, channels: 3 | 4 = 3): Sharp {
  const side = 512;
  const pixels = Buffer.alloc(side * side * channels);
  let seed = 1;
  for (let at = 0; at < pixels.length; at++) {
    seed = (seed * 48_271) % 2_147_483_647;
    pixels[at] = Math.floor((at / pixels.length) * 180) + (seed % 60);
  }
  return sharp(pixels, { raw: { width: side, height: side, channels } }).resize(width, height, {
    fit: "fill",
  });
}

const out = (name: Output["class"], width?: number, quality = 60): Output => ({
  class: name,
  quality,
  ...(width !== undefined && { width }),
});

const small = out("jpg", 800);
const ownJpg = out("jpg");
const quick = { compressionLevel: 1 } as const;

type Row = readonly [string, () => Sharp, readonly Output[]];

/** Every format that is read, at a small width and at its own; every format that is written, from a JPEG. */
const grid: readonly Row[] = [
  ["JPEG", () => picture().jpeg(), [small, ownJpg, ...written()]],
  ["JPEG 3000 × 1000", () => picture(3_000, 1_000).jpeg(), [out("avif")]],
  ["JPEG turned", () => picture().jpeg().withMetadata({ orientation: 6 }), [small, ownJpg]],
  ["JPEG progressive", () => picture().jpeg({ progressive: true }), [out("jpg", 16), small, ownJpg]],
  [
    "JPEG progressive 4:4:4",
    () => picture().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
    [small, ownJpg],
  ],
  ["JPEG progressive grey", () => picture().greyscale().jpeg({ progressive: true }), [small]],
  ["JPEG progressive CMYK", () => picture().toColourspace("cmyk").jpeg({ progressive: true }), [small]],
  ["PNG", () => picture().png(quick), [out("jpg", 16), small, ownJpg, out("auto-w")]],
  ["PNG alpha", () => picture(W, H, 4).png(quick), [small, out("auto-w")]],
  ["PNG alpha, 2000 × 1500", () => picture(2_000, 1_500, 4).png(quick), [out("avif"), out("auto-aw")]],
  ["PNG 16 bits", () => picture().toColourspace("rgb16").png(quick), [out("jpg", 16), small, ownJpg]],
  ["PNG interlaced", () => picture().png({ ...quick, progressive: true }), [small]],
  [
    "PNG interlaced, 16 bits",
    () =>
      picture()
        .toColourspace("rgb16")
        .png({ ...quick, progressive: true }),
    [small, ownJpg],
  ],
  ["PNG 65,500 × 60", () => picture(65_500, 60).png(quick), [small]],
  ["PNG 65,500 × 60, 16 bits", () => picture(65_500, 60).toColourspace("rgb16").png(quick), [small]],
  ["WebP", () => picture().webp({ effort: 0 }), [small, out("jpg", 2_000), ownJpg]],
  ["WebP alpha", () => picture(W, H, 4).webp({ effort: 0 }), [small, ownJpg]],
  ["WebP lossless", () => picture().webp({ lossless: true, effort: 0 }), [small, ownJpg]],
  ["AVIF", () => picture().avif({ effort: 0 }), [small, ownJpg]],
  ["AVIF 10 bits", () => picture().avif({ effort: 0, bitdepth: 10 }), [small, ownJpg]],
  ["AVIF alpha", () => picture(W, H, 4).avif({ effort: 0 }), [small]],
  ["GIF", () => picture(1_000, 1_000).gif({ effort: 1 }), [small, out("auto-w")]],
];

function written(): Output[] {
  return [
    ...[out("webp"), out("webp", undefined, 90)],
    ...[out("png", undefined, 60), out("png", undefined, 100)],
    ...[out("avif", 800), out("avif", 1_600), out("avif")],
  ];
}

// --- measuring ---

const unlimited = 2 ** 40;

async function measure(file: Uint8Array, output: Output) {
  const original = [file] as const;
  const settings = {
    lane: "warm" as const,
    outputLimits: defaultOutputLimits,
    limits: { side: 1e6, pixels: 1e9, frames: 256, animationPixels: 1e9, passThroughBytes: 0 },
  };
  const { outputs, bytes } = reserveOutputs(original, [output], settings, unlimited);
  const worker = new Worker({ lane: "live" });
  try {
    for await (const _ of worker.run({ kind: "versions" }, 600_000));
    const pid = worker.pid ?? 0;
    // The peak starts again from here (proc(5), clear_refs).
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    const before = memoryOf(pid);
    let dataPeak = before.dataBytes;
    const look = setInterval(() => {
      dataPeak = Math.max(dataPeak, readProcessMemory(pid)?.dataBytes ?? 0);
    }, 2);
    const job = { kind: "encode", ...settings, outputs, memory: unlimited } as const;
    for await (const reply of worker.run(job, 600_000, original))
      if (reply.kind === "problem") throw new Error(`${reply.code}: ${reply.detail}`);
    clearInterval(look);
    const { peakBytes } = memoryOf(pid);
    return { estimate: bytes, resident: peakBytes - before.peakBytes, data: dataPeak - before.dataBytes };
  } finally {
    worker.kill();
  }
}

function memoryOf(pid: number) {
  const memory = readProcessMemory(pid);
  if (memory === undefined) throw new Error("this needs Linux, which shows a process's memory in /proc");
  return memory;
}
