import { Problem } from "../errors.ts";
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
 * @param check sees what has arrived after each piece, until it returns true: a wrong type is refused before megabytes are fetched.
 * @throws the body's error, and the error of `check`.
 */
export async function readWhole(
  body: Body,
  bytes: number,
  check: (head: Uint8Array, whole: boolean) => boolean,
): Promise<Uint8Array> {
  let whole: Uint8Array | undefined;
  let filled = 0;
  let checked = false;
  const look = (): void => {
    checked ||= check(whole?.subarray(0, filled) ?? new Uint8Array(), filled === bytes);
  };
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
    if (filled === 0 && piece.byteLength === bytes) whole = piece;
    else {
      whole ??= Buffer.allocUnsafeSlow(bytes);
      whole.set(piece, filled);
    }
    filled += piece.byteLength;
    look();
  }
  if (!checked) look();
  return whole ?? new Uint8Array();
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
  return {
    async read() {
      try {
        const piece = await body.read();
        if (piece === undefined) end();
        return piece;
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel() {
      end();
      body.cancel();
    },
  };
}

/** The first `bytes` of a body, and an equivalent of the whole body. */
export async function peek(
  body: Body,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly body: Body }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const piece = await body.read();
    if (piece === undefined) break;
    pieces.push(piece);
    length += piece.byteLength;
  }
  const head = Buffer.concat(pieces);
  return { head, body: { read: async () => pieces.shift() ?? body.read(), cancel: () => body.cancel() } };
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
