import { readFile, stat } from "node:fs/promises";
import { Problem, Repairable } from "../errors.ts";
import type { Pool } from "./pool/pool.ts";
import { WorkerDied } from "./pool/worker-died.ts";

/** Two files that cannot be compared; the message says why and what to do. */
export class CannotScore extends Repairable {
  override readonly what = "score";
}

export interface ScoreFilesOptions {
  /** Closed at the end. */
  readonly pool: Pool;
  /** Of one file. */
  readonly mostBytes: number;
}

/** The score of a file against its original. @throws CannotScore */
export async function scoreFiles(
  original: string,
  picture: string,
  { pool, mostBytes }: ScoreFilesOptions,
): Promise<number> {
  try {
    const [first, second] = [await read(original, mostBytes), await read(picture, mostBytes)];
    const signal = new AbortController().signal;
    return await pool.score(first, second, { signal, names: [original, picture] });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // Other causes are words of a decoder, which the message has already said better.
    const message =
      error.cause instanceof WorkerDied ? `the encoder process ended: ${error.cause.message}` : error.message;
    throw new CannotScore(message, { cause: error });
  } finally {
    pool.close();
  }
}

async function read(file: string, mostBytes: number): Promise<Uint8Array> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error("it is not a file");
    if (found.size > mostBytes)
      throw new Error(`it has ${found.size} bytes; the limit is ${mostBytes} (MAX_SOURCE_BYTES)`);
    return await readFile(file);
  } catch (cause) {
    throw new CannotScore(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
