import { Socket } from "node:net";
import sharp from "sharp";
import { Problem } from "../../errors.ts";
import { isOutOfMemory, MemoryLimit } from "../memory/memory-limit.ts";
import type { Job, Order } from "../wire/protocol.ts";
import { restrictDecoders } from "./decoders.ts";
import { type Frame, FrameReader, writeFrame } from "./frames.ts";
import { withSpare } from "./original/spare.ts";
import { describeOriginal } from "./probe.ts";
import { scorePictures } from "./score/score-pictures.ts";
import { transform } from "./transform.ts";
import { warmUp } from "./warm-up.ts";

/** The main of an encoder child: jobs arrive on descriptor 3, one at a time, and replies are sent on it. */
function main(): void {
  restrictDecoders();
  const limit = new MemoryLimit();
  let stopped = false;
  const obey = ({ head, body }: Frame): void => {
    // From the server itself, which is this same program.
    const order = head as Order;
    if (order.kind === "stop") stopped = true;
    else {
      stopped = false;
      void perform(order, body, { server, limit, stopped: () => stopped });
    }
  };
  const reader = new FrameReader(obey, (_, bytes) => (bytes > 0 ? withSpare(bytes) : undefined));
  const server = connect(reader);
  // The server is gone. A running encode would delay an ordinary exit until it is done.
  server.on("end", () => process.kill(process.pid, "SIGKILL"));
}

/** @types/node has `onread` only for a socket that connects; net.Socket accepts it for any. */
function connect(reader: FrameReader): Socket {
  const options = {
    fd: 3,
    readable: true,
    writable: true,
    onread: {
      buffer: () => reader.space(),
      callback: (bytes: number) => {
        reader.filled(bytes);
        return true;
      },
    },
  };
  return new Socket(options);
}

interface Surroundings {
  readonly server: Socket;
  readonly limit: MemoryLimit;
  readonly stopped: () => boolean;
}

async function perform(
  job: Job,
  original: Uint8Array,
  { server, limit, stopped }: Surroundings,
): Promise<void> {
  try {
    if (job.kind !== "versions") await limit.set(job.memory);
    if (job.kind === "versions") {
      writeFrame(server, { kind: "versions", versions: sharp.versions });
      await warmUp();
    } else if (job.kind === "describe")
      writeFrame(server, { kind: "described", ...(await describeOriginal(original, job)) });
    else if (job.kind === "score")
      writeFrame(server, { kind: "scored", score: await scorePictures(original, job) });
    else
      for await (const { body, ...head } of transform(original, job)) {
        writeFrame(server, { kind: "output", ...head }, body);
        if (stopped()) break;
      }
  } catch (cause) {
    const [code, detail] =
      cause instanceof Problem ? [cause.code, cause.detail ?? ""] : ["encode-failed", ""];
    const reason = isOutOfMemory(cause) ? String(cause) : detail;
    writeFrame(server, { kind: "problem", code, detail: reason, shownBy: shownBy(cause) });
  }
  collectGarbage();
  writeFrame(server, { kind: "done", restBytes: limit.rest() });
}

/** Above this, finished originals and images are garbage-collected at once: the next job needs their memory. */
const MOST_LEFT_BYTES = 8 * 2 ** 20;

function collectGarbage(): void {
  if (process.memoryUsage().arrayBuffers > MOST_LEFT_BYTES) globalThis.gc?.();
}

/** A problem without a cause comes from the header and the limits alone. */
function shownBy(error: unknown): "header" | "library" | "memory" {
  if (isOutOfMemory(error)) return "memory";
  return error instanceof Problem && error.cause === undefined ? "header" : "library";
}

main();
