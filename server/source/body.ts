import { Problem } from "../errors.ts";
import type { ByteRange } from "../http/range.ts";

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
 * @param check sees what has arrived after each chunk, until it returns true: a wrong type is refused before megabytes are fetched.
 * @throws the body's error, and the error of `check`.
 */
export async function readWhole(
  body: ReadableStream<Uint8Array>,
  bytes: number,
  check: (head: Uint8Array, whole: boolean) => boolean,
): Promise<Uint8Array> {
  let whole: Uint8Array | undefined;
  let filled = 0;
  let checked = false;
  const look = (): void => {
    checked ||= check(whole?.subarray(0, filled) ?? new Uint8Array(), filled === bytes);
  };
  for await (const chunk of body) {
    if (filled === 0 && chunk.byteLength === bytes) whole = chunk;
    else {
      whole ??= Buffer.allocUnsafeSlow(bytes);
      whole.set(chunk, filled);
    }
    filled += chunk.byteLength;
    look();
  }
  if (!checked) look();
  return whole ?? new Uint8Array();
}

/** Cuts a range from a body that is sent whole. */
export function cut(body: ReadableStream<Uint8Array>, range: ByteRange): ReadableStream<Uint8Array> {
  let at = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const part = chunk.subarray(Math.max(0, range.first - at), Math.max(0, range.last + 1 - at));
        at += chunk.byteLength;
        if (part.byteLength > 0) controller.enqueue(part);
        if (at > range.last) controller.terminate();
      },
    }),
  );
}

/** Calls back when a body ends, for any reason: read to the end, failed or cancelled. */
export function thenDo(body: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: async (reason) => {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The first `bytes` of a body, and an equivalent of the whole body. */
export async function peek(
  body: ReadableStream<Uint8Array>,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly body: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
  }
  const rest = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const held = chunks.shift();
        if (held !== undefined) return controller.enqueue(held);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { head: Buffer.concat(chunks), body: rest };
}
