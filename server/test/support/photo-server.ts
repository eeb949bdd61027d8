import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { photo } from "./pictures.ts";

/** A bucket that has every key, over HTTP. */
export interface PhotoServer {
  readonly url: string;
  /** Requests so far. */
  asked: number;
  /** Closes all connections. */
  down: boolean;
}

/** All keys are one photograph of this size. The server stops after the test. */
export async function startPhotoServer(width = 320, height = 240): Promise<PhotoServer> {
  const jpeg = await photo(width, height).jpeg().toBuffer();
  const server = createServer((_, response) => {
    photos.asked++;
    if (photos.down) return void response.destroy();
    response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' }).end(jpeg);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const photos: PhotoServer = { url: `http://127.0.0.1:${port}/`, asked: 0, down: false };
  return photos;
}
