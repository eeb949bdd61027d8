import { availableParallelism } from "node:os";
import path from "node:path";
import sharp from "sharp";
import type { Format } from "../../contract/formats.ts";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { builtProgram } from "../tools/paths.ts";

/** One image, with the quality as the encoder's own number. */
export interface BareVariant {
  readonly key: string;
  readonly width: number;
  readonly quality: number;
  readonly format: Format;
}

/**
 * sharp alone, in this process, with the settings of imgproxy 4: JPEG baseline with optimised Huffman tables, WebP effort 4, AVIF speed 8
 * with halved colour resolution. Call `sharp.concurrency(1)` first: imgproxy gives each image one thread.
 */
export async function encodeAsImgproxy(photos: string, variant: BareVariant): Promise<Buffer> {
  const { key, width, quality, format } = variant;
  const image = sharp(path.join(photos, key), { autoOrient: true })
    .resize({ width, withoutEnlargement: true })
    .toColourspace("srgb");
  if (format === "avif") return image.avif({ quality, effort: 1, chromaSubsampling: "4:2:0" }).toBuffer();
  if (format === "webp") return image.webp({ quality, effort: 4 }).toBuffer();
  if (format === "jpg") return image.jpeg({ quality }).toBuffer();
  return image.png().toBuffer();
}

/** The same behind node:http, with twice as many images at a time as there are cores, like imgproxy; without a cache. */
export async function startBareLibvips(folder: string, photos: string): Promise<Started> {
  const { port } = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: process.execPath,
    args: [builtProgram("peers", "programs", "bare-libvips"), JSON.stringify({ port, photos })],
    env: { UV_THREADPOOL_SIZE: String(2 * availableParallelism()) },
    url,
    ready: `${url}/ready`,
    log: path.join(folder, "bare-libvips.log"),
  });
}

/** The URL of one variant, below the server's. */
export function barePath(variant: BareVariant): string {
  const { key, width, quality, format } = variant;
  return `/${width}/${quality}/${format}/${encodeURIComponent(key)}`;
}
