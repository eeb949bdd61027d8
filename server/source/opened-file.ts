import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { Problem } from "../errors.ts";
import { sniff } from "../formats/sniff.ts";
import type { ByteRange } from "../http/range.ts";
import { type Body, checkLength } from "./body.ts";
import { failedProblem } from "./shortage.ts";
import { contentValidator } from "./validator.ts";

/** A file that several users share; closed when the last one is done. */
export class OpenedFile {
  readonly stats: BigIntStats;
  readonly #file: FileHandle;
  #users = 0;

  constructor(file: FileHandle, stats: BigIntStats) {
    this.#file = file;
    this.stats = stats;
  }

  async use<T>(work: (file: FileHandle) => Promise<T>): Promise<T> {
    const { file, release } = this.hold();
    try {
      return await work(file);
    } finally {
      await release();
    }
  }

  /** For longer than one call. Further calls of `release` have no effect. */
  hold(): { readonly file: FileHandle; readonly release: () => Promise<void> } {
    this.#users += 1;
    let isReleased = false;
    const release = async (): Promise<void> => {
      if (isReleased) return;
      isReleased = true;
      this.#users -= 1;
      if (this.#users === 0) await this.#file.close();
    };
    return { file: this.#file, release };
  }
}

/** Most photographs of a blog are one or two: each chunk costs a copy and a turn of the event loop. */
const BODY_CHUNK_BYTES = 1024 * 1024;
const HASH_CHUNK_BYTES = 256 * 1024;

/**
 * The content's hash as a validator; empty for a file that is not an image by its first bytes, unless it is small enough for
 * one read. @throws the signal's reason
 */
export async function hashOf(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(HASH_CHUNK_BYTES);
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at).catch((error: unknown) => {
      throw failedProblem(error);
    });
    if (at === 0 && bytesRead === HASH_CHUNK_BYTES && sniff(chunk).kind === "other") return "";
    if (bytesRead === 0) return contentValidator(hash.digest("hex"));
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

export function bodyOfFile(opened: OpenedFile, range: ByteRange): Body {
  const { file, release } = opened.hold();
  const end = range.last + 1;
  let at = range.first;
  return {
    async read() {
      try {
        const piece = at < end ? await readAt(file, at, Math.min(BODY_CHUNK_BYTES, end - at)) : undefined;
        if (piece?.byteLength === 0) checkLength(at - range.first, end - range.first, true);
        at += piece?.byteLength ?? 0;
        if (at >= end) await release();
        return piece;
      } catch (error) {
        await release();
        throw error instanceof Problem ? error : failedProblem(error);
      }
    },
    cancel() {
      at = end;
      release().catch(() => undefined);
    },
  };
}

async function readAt(file: FileHandle, at: number, size: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(size), 0, size, at);
  return buffer.subarray(0, bytesRead);
}
