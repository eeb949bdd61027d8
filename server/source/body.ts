import { Problem } from "../errors.ts";
import type { ByteRange } from "../http/range.ts";
import type {} from "./source.ts";

/**
 * Passes a body on and fails it when it ends short of its length or runs past it: a truncated photograph decodes to a
 * grey half, and a cache would keep that.
 */
export function exactly(body: ReadableStream<Uint8Array>, bytes: number): ReadableStream<Uint8Array> {
  // Not a TransformStream, which has two queues more for each chunk.
  const reader = body.getReader();
  let seen = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        seen += value?.byteLength ?? 0;
        if (done ? seen < bytes : seen > bytes) {
          const cause = new Error(done ? `${seen} of ${bytes} bytes arrived` : `more than ${bytes} bytes`);
          const problem = new Problem("source-failed", { cause });
          await reader.cancel(problem);
          throw problem;
        }
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Who looks on while a body arrives. */
export interface Onlooker {
  /** What has arrived after each chunk, until it returns true: a wrong type is refused before megabytes are fetched. */
  readonly check: (head: Uint8Array, whole: boolean) => boolean;
  /** The same bytes piece by piece, from when they are checked; they stay as they are. */
  readonly pass: (piece: Uint8Array) => void;
}

/**
 * The whole body in memory.
 * @throws what the body fails with, and what `check` throws.
 */
export async function readWhole(
  body: ReadableStream<Uint8Array>,
  bytes: number,
  { check, pass }: Onlooker,
): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  let passed = 0;
  let checked = false;
  const look = (): void => {
    checked ||= check(whole.subarray(0, filled), filled === bytes);
    if (!checked || filled === passed) return;
    pass(whole.subarray(passed, filled));
    passed = filled;
  };
  for await (const chunk of body) {
    whole.set(chunk, filled);
    filled += chunk.byteLength;
    look();
  }
  if (!checked) look();
  return whole;
}

/** Only a range of a body that comes whole. */
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

/** Tells when a body ends, however it ends: read out, failed or let go. */
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

/** The first `bytes` of a body, and a body that still begins with them. */
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
