import type { Readable, Writable } from "node:stream";

/** One message between the server and a child: a few words as JSON, and bytes that are never turned into text. */
export interface Frame {
  readonly head: unknown;
  readonly body: Buffer;
}

const PREFIX_BYTES = 8;
const MAX_HEAD_BYTES = 1 << 20;
const MAX_BODY_BYTES = 256 << 20;

/** Writes the lengths of head and body (two big-endian 32-bit numbers), the head as JSON, the body. */
export function writeFrame(to: Writable, head: unknown, body: Uint8Array = new Uint8Array()): void {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(json.length, 0);
  prefix.writeUInt32BE(body.byteLength, 4);
  to.cork();
  to.write(prefix);
  to.write(json);
  if (body.byteLength > 0) to.write(body);
  to.uncork();
}

/**
 * The frames of a stream until it ends; a half frame at the end is dropped, as its writer died.
 * @throws Error when a length is beyond all reason: the other side is not what it should be.
 */
export async function* readFrames(from: Readable): AsyncGenerator<Frame> {
  const bytes = new ByteReader(from[Symbol.asyncIterator]());
  for (;;) {
    const prefix = await bytes.take(PREFIX_BYTES);
    if (prefix === undefined) return;
    const [headBytes, bodyBytes] = [prefix.readUInt32BE(0), prefix.readUInt32BE(4)];
    if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) throw new Error("not a frame");
    const head = await bytes.take(headBytes);
    const body = head && (await bytes.take(bodyBytes));
    if (head === undefined || body === undefined) return;
    yield { head: JSON.parse(head.toString("utf8")), body };
  }
}

// --- so many bytes of a stream ---

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  async take(length: number): Promise<Buffer | undefined> {
    if (this.#rest.length >= length) return this.#cut(length);
    const taken = Buffer.allocUnsafeSlow(length);
    let filled = this.#rest.copy(taken);
    while (filled < length) {
      const { value, done } = await this.#chunks.next();
      if (done) return undefined;
      this.#rest = value;
      const used = value.copy(taken, filled, 0, length - filled);
      this.#rest = value.subarray(used);
      filled += used;
    }
    return taken;
  }

  #cut(length: number): Buffer {
    const cut = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return cut;
  }
}
