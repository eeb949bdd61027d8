import { Problem } from "../errors.ts";
import type { Pieces } from "../formats/pieces.ts";
import { SNIFF_BYTES } from "../formats/sniff.ts";
import type { ByteRange } from "../http/range.ts";

/**
 * An object's bytes, piece by piece. Not a web stream: two of them around each piece of 64 KiB cost more CPU than fetching it.
 */
export interface Body {
  /**
   * The next piece; undefined at the end, and after {@link cancel}. One call at a time.
   * @throws its error, after which nothing is held.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Releases the connection or the file, also during a read. Further calls have no effect. */
  cancel(): void;
}

/**
 * Checks the length of a body while it arrives: a truncated photograph decodes to a grey half, and the cache would keep it.
 * @param seen bytes so far.
 * @throws Problem `source-failed`
 */
export function checkLength(seen: number, bytes: number, isDone: boolean): void {
  if (isDone ? seen >= bytes : seen <= bytes) return;
  const cause = new Error(isDone ? `${seen} of ${bytes} bytes arrived` : `more than ${bytes} bytes`);
  throw new Problem("source-failed", { cause });
}

/**
 * Reads the whole body into memory.
 * @param inspect sees the first {@link SNIFF_BYTES}, or all of a shorter body: a wrong type is refused before megabytes are
 *   fetched. Returns whether the rest may stay in pieces.
 * @throws the body's error, and the error of `inspect`.
 */
export async function readWhole(
  body: Body,
  bytes: number,
  inspect: (head: Uint8Array) => boolean,
): Promise<Pieces> {
  const head = await readAtLeast(body, SNIFF_BYTES);
  const mayStayInPieces = inspect(head);
  if (head.byteLength >= bytes) {
    await body.read();
    return [head];
  }
  return mayStayInPieces ? [head, ...(await readPieces(body))] : [await readInto(body, head, bytes)];
}

/** Shorter pieces are joined: each one costs more than its copy. */
const PIECE_BYTES = 16_384;

async function readPieces(body: Body): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await readAtLeast(body, PIECE_BYTES);
    if (piece.byteLength > 0) pieces.push(piece);
    if (piece.byteLength < PIECE_BYTES) return pieces;
  }
}

async function readInto(body: Body, head: Uint8Array, bytes: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(bytes);
  whole.set(head);
  let at = head.byteLength;
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** The next bytes of a body, fewer only at its end; a single piece is not copied. */
async function readAtLeast(body: Body, bytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const piece = await body.read();
    if (piece === undefined) break;
    pieces.push(piece);
    length += piece.byteLength;
  }
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces, length);
}

/** A body of bytes that are in memory. */
export function bodyOf(...pieces: readonly Uint8Array[]): Body {
  const left = pieces.filter(({ byteLength }) => byteLength > 0);
  return {
    read: async () => left.shift(),
    cancel: () => void left.splice(0),
  };
}

/** Cuts a range from a body that is sent whole. */
export function cut(body: Body, range: ByteRange): Body {
  let at = 0;
  return {
    async read() {
      while (at <= range.last) {
        const piece = await body.read();
        if (piece === undefined) return undefined;
        const part = piece.subarray(Math.max(0, range.first - at), Math.max(0, range.last + 1 - at));
        at += piece.byteLength;
        if (part.byteLength > 0) return part;
      }
      body.cancel();
      return undefined;
    },
    cancel: () => body.cancel(),
  };
}

/** Calls back once when a body ends, for any reason: read to the end, failed or cancelled. */
export function thenDo(body: Body, end: () => void): Body {
  return new Ending(body, end);
}

class Ending implements Body {
  readonly #body: Body;
  readonly #end: () => void;

  constructor(body: Body, end: () => void) {
    this.#body = body;
    this.#end = end;
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      const piece = await this.#body.read();
      if (piece === undefined) this.#end();
      return piece;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  cancel(): void {
    this.#end();
    this.#body.cancel();
  }
}

/** The first `bytes` of a body, and an equivalent of the whole body. */
export async function peek(
  body: Body,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly body: Body }> {
  const head = await readAtLeast(body, bytes);
  let left: Uint8Array | undefined = head.byteLength > 0 ? head : undefined;
  const read = async (): Promise<Uint8Array | undefined> => {
    const piece = left ?? (await body.read());
    left = undefined;
    return piece;
  };
  return { head, body: { read, cancel: () => body.cancel() } };
}

/** As a web stream, for a response. */
export function toStream(body: Body): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await body.read();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => body.cancel(),
    },
    { highWaterMark: 0 },
  );
}
