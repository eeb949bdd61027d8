import { unshared } from "../frames.ts";

/** Bytes after an original that may be needed to complete it, or for a colour profile. */
const SPARE_BYTES = 2_048;

/** Memory with free space after its content. */
const roomy = new WeakSet<ArrayBufferLike>();

/** A larger original gets memory of its own, which returns to the system. */
const MOST_KEPT_BYTES = 4 * 2 ** 20;
const STEP_BYTES = 2 ** 20;

/** For one original after the other: a child has one at a time, and new memory for each costs page faults and garbage collections. */
let kept = unshared(0);

/**
 * Memory for an original, with space for {@link withTail}: a copy of some megabytes would count for the job. The content of what was
 * returned before is lost.
 */
export function withSpare(bytes: number): Uint8Array {
  const needed = bytes + SPARE_BYTES;
  if (needed > MOST_KEPT_BYTES) return roomyBytes(needed).subarray(0, bytes);
  if (needed > kept.length) kept = roomyBytes(Math.ceil(needed / STEP_BYTES) * STEP_BYTES);
  return kept.subarray(0, bytes);
}

function roomyBytes(bytes: number): Uint8Array {
  const whole = unshared(bytes);
  roomy.add(whole.buffer);
  return whole;
}

/** The first `length` bytes of an original followed by these bytes, in its own memory if there is space. */
export function withTail(bytes: Uint8Array, length: number, tail: Uint8Array): Uint8Array {
  const end = length + tail.byteLength;
  if (!roomy.has(bytes.buffer) || bytes.byteOffset + end > bytes.buffer.byteLength)
    return Buffer.concat([bytes.subarray(0, length), tail]);
  const longer = new Uint8Array(bytes.buffer, bytes.byteOffset, end);
  longer.set(tail, length);
  return longer;
}

/** The same bytes with others inserted, in their own memory if there is space. */
export function withInserted(bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array {
  const longer = withTail(bytes, bytes.length, inserted);
  longer.copyWithin(at + inserted.length, at, bytes.length);
  longer.set(inserted, at);
  return longer;
}
