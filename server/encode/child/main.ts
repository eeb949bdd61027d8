import { Socket } from "node:net";
import sharp from "sharp";
import { Problem } from "../../errors.ts";
import { MemoryLimit } from "../memory/memory-limit.ts";
import { readProcessMemory } from "../memory/process-memory.ts";
import type { Job, Order } from "../wire/protocol.ts";
import { restrictDecoders } from "./decoders.ts";
import { FrameReader, writeFrame } from "./frames.ts";
import { readEarly } from "./original/original.ts";
import { withSpare } from "./original/spare.ts";
import { describeOriginal } from "./probe.ts";
import { transform } from "./transform.ts";
import { warmUp } from "./warm-up.ts";

/** The main of an encoder child: jobs come in on descriptor 3, one at a time, and replies go out on it. */
function main(): void {
  restrictDecoders();
  const limit = new MemoryLimit();
  let original: Uint8Array = new Uint8Array();
  let filled = 0;
  let early: Early;
  let stopped = false;
  const obey = (order: Order): void => {
    if (order.kind === "stop") stopped = true;
    else if (order.kind === "original") [original, filled, early] = [withSpare(order.bytes), 0, undefined];
    else if (order.kind === "piece") early ??= readEarly(original.subarray(0, filled));
    else {
      stopped = false;
      void perform(order, { whole: original, early }, { server, limit, stopped: () => stopped });
      [original, early] = [new Uint8Array(), undefined];
    }
  };
  const reader = new FrameReader(
    // From the server itself, which is this same program.
    ({ head }) => obey(head as Order),
    (head, bytes) => {
      if ((head as Order).kind !== "piece" || filled + bytes > original.length) return undefined;
      filled += bytes;
      return original.subarray(filled - bytes, filled);
    },
  );
  const server = connect(reader);
  // The server is gone. A running encode would hold an ordinary exit up until it is done.
  server.on("end", () => process.kill(process.pid, "SIGKILL"));
}

/** @types/node knows `onread` only for a socket that connects; net.Socket takes it for any. */
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

type Early = ReturnType<typeof readEarly>;

interface Surroundings {
  readonly server: Socket;
  readonly limit: MemoryLimit;
  readonly stopped: () => boolean;
}

async function perform(
  job: Job,
  { whole, early }: { readonly whole: Uint8Array; readonly early: Early },
  { server, limit, stopped }: Surroundings,
): Promise<void> {
  try {
    if (job.kind !== "versions") await limit.set(job.memory);
    if (job.kind === "versions") {
      writeFrame(server, { kind: "versions", versions: sharp.versions });
      await warmUp();
    } else if (job.kind === "describe")
      writeFrame(server, { kind: "described", ...(await describeOriginal(whole, job)) });
    else
      for await (const { body, ...head } of transform(whole, job, early)) {
        writeFrame(server, { kind: "output", ...head }, body);
        if (stopped()) break;
      }
  } catch (cause) {
    const code = cause instanceof Problem ? cause.code : "encode-failed";
    writeFrame(server, {
      kind: "problem",
      code,
      detail: cause instanceof Problem ? (cause.detail ?? "") : "",
    });
  }
  writeFrame(server, { kind: "done", restBytes: restBytes() });
}

/** Above this, originals and images that are done with are collected at once: the next job needs their memory. */
const MOST_LEFT_BYTES = 8 * 2 ** 20;

function restBytes(): number {
  if (process.memoryUsage().arrayBuffers > MOST_LEFT_BYTES) globalThis.gc?.();
  return readProcessMemory("self")?.privateBytes ?? process.memoryUsage.rss();
}

main();
