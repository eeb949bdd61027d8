import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Content } from "./target.ts";

/** Reads a stream to its end. @throws the stream's error, the signal's reason. */
export async function contentOf(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Content> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** @throws Error with the system's `code`. */
export function contentOfFile(file: string, signal: AbortSignal): Promise<Content> {
  return contentOf(createReadStream(file), signal);
}

export function isSame(a: Content, b: Content): boolean {
  return a.bytes === b.bytes && a.sha256 === b.sha256;
}
