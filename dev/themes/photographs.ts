import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { imageServer } from "../example-blog.ts";
import { freePort } from "../machine/ports.ts";
import { startProgram } from "../machine/processes.ts";
import { TOKEN } from "./try-site.ts";

/** Photographs of the sites that themes are tested with: [width, height] by key. */
export const photographs: Readonly<Record<string, readonly [number, number]>> = {
  "trips/alps.jpg": [1600, 1000],
  "trips/lake.jpg": [1600, 1000],
  "tower.jpg": [1000, 1600],
  "stamp.jpg": [240, 160],
  "cover.jpg": [1600, 900],
};

/** A server with those photographs. */
export interface PhotographServer extends AsyncDisposable {
  readonly endpoint: string;
}

export async function startPhotographServer(folder: string): Promise<PhotographServer> {
  const source = path.join(folder, "photographs");
  for (const [key, [width, height]] of Object.entries(photographs)) {
    const file = path.join(source, key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await paint(width, height));
  }
  const { port } = await freePort();
  const server = await startProgram(
    imageServer({ source, folder, port }, { TOKEN, GC_INTERVAL: "0" }),
    /"url":/,
    new AbortController().signal,
  );
  return { endpoint: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => server.stop() };
}

/** Two colours, so that a cropped or rotated picture can be recognised. */
async function paint(width: number, height: number): Promise<Buffer> {
  const half = { create: { width: Math.round(width / 2), height, channels: 3 as const, background: "#a52" } };
  return await sharp({ create: { width, height, channels: 3, background: "#258" } })
    .composite([{ input: await sharp(half).png().toBuffer(), left: 0, top: 0 }])
    .jpeg()
    .toBuffer();
}
