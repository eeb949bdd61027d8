import type { Readable, Writable } from "node:stream";

/** One message between the server and a child: a JSON head, and a body of bytes that is never converted to text. */
export interface Frame {
  readonly head: unknown;
  readonly body: Uint8Array;
}

const PREFIX_BYTES = 8;
const MAX_HEAD_BYTES = 1 << 20;
const MAX_BODY_BYTES = 256 << 20;

/** Writes the lengths of head and body (two big-endian 32-bit numbers), then the head as JSON, then the pieces of the body. */
export function writeFrame(to: Writable, head: unknown, ...body: readonly Uint8Array[]): void {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(json.length, 0);
  prefix.writeUInt32BE(
    body.reduce((sum, { byteLength }) => sum + byteLength, 0),
    4,
  );
  to.cork();
  to.write(prefix);
  to.write(json);
  for (const piece of body) if (piece.byteLength > 0) to.write(piece);
  to.uncork();
}

/**
 * The frames of a stream until it ends; an incomplete frame at the end is dropped, because its writer died.
 * @throws Error for an impossible length: the other side is not a child of ours.
 */
export async function* readFrames(from: Readable): AsyncGenerator<Frame> {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for await (const chunk of from) {
    reader.feed(chunk);
    yield* frames.splice(0);
  }
}

/** Memory for a frame's body, of the body's length; undefined: new memory. */
export type Place = (head: unknown, bodyBytes: number) => Uint8Array | undefined;

/**
 * Assembles frames. It says where the next bytes belong, so that a socket can read them directly into place: an original of
 * some megabytes is not copied.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #place: Place;
  #part: "prefix" | "head" | "body" = "prefix";
  #into: Uint8Array = new Uint8Array(PREFIX_BYTES);
  #filled = 0;
  #bodyBytes = 0;
  #head: unknown;

  constructor(onFrame: (frame: Frame) => void, place: Place = () => undefined) {
    this.#onFrame = onFrame;
    this.#place = place;
  }

  /** Where the next bytes go; never empty. */
  space(): Uint8Array {
    return this.#into.subarray(this.#filled);
  }

  /** This number of bytes was read into {@link space}. @throws Error as {@link readFrames} does. */
  filled(bytes: number): void {
    this.#filled += bytes;
    while (this.#filled === this.#into.length) this.#next();
  }

  /** Bytes that were read into other memory. @throws Error as {@link readFrames} does. */
  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const space = this.space();
      const part = chunk.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      this.filled(part.length);
    }
  }

  #next(): void {
    if (this.#part === "prefix") {
      const prefix = Buffer.from(this.#into.buffer, this.#into.byteOffset, PREFIX_BYTES);
      this.#bodyBytes = prefix.readUInt32BE(4);
      this.#expect("head", new Uint8Array(checked(prefix.readUInt32BE(0), this.#bodyBytes)));
    } else if (this.#part === "head") {
      this.#head = JSON.parse(new TextDecoder().decode(this.#into));
      this.#expect("body", this.#place(this.#head, this.#bodyBytes) ?? unshared(this.#bodyBytes));
    } else {
      const body = this.#into;
      this.#expect("prefix", new Uint8Array(PREFIX_BYTES));
      this.#onFrame({ head: this.#head, body });
    }
  }

  #expect(part: "prefix" | "head" | "body", into: Uint8Array): void {
    [this.#part, this.#into, this.#filled] = [part, into, 0];
  }
}

function checked(headBytes: number, bodyBytes: number): number {
  if (headBytes === 0 || headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES)
    throw new Error("not a frame");
  return headBytes;
}

/** Not from Node's pool of small buffers, and not zeroed: it is filled completely before it is used. */
export function unshared(bytes: number): Uint8Array {
  return Buffer.allocUnsafeSlow(bytes);
}
