import { Socket } from "node:net";
import sharp from "sharp";
import { Problem } from "../errors.ts";
import { restrictDecoders } from "./decoders.ts";
import { describeOriginal } from "./describe.ts";
import { readFrames, writeFrame } from "./frames.ts";
import type { Job, Stop } from "./protocol.ts";
import { transform } from "./transform.ts";

/** The main of an encoder child: jobs come in on descriptor 3, one at a time, and replies go out on it. */
async function main(): Promise<void> {
  restrictDecoders();
  const server = new Socket({ fd: 3, readable: true, writable: true });
  let stopped = false;
  for await (const frame of readFrames(server)) {
    const message = frame.head as Job | Stop; // From the server itself, which is this same program.
    if (message.kind === "stop") stopped = true;
    else {
      stopped = false;
      void perform(message, frame.body, server, () => stopped);
    }
  }
  // The server is gone. A running encode would hold an ordinary exit up until it is done.
  process.kill(process.pid, "SIGKILL");
}

async function perform(job: Job, original: Buffer, server: Socket, stopped: () => boolean): Promise<void> {
  try {
    if (job.kind === "versions") writeFrame(server, { kind: "versions", versions: sharp.versions });
    else if (job.kind === "describe")
      writeFrame(server, { kind: "described", ...(await describeOriginal(original, job.limits)) });
    else
      for await (const { body, ...head } of transform(original, job)) {
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
  writeFrame(server, { kind: "done", rssBytes: process.memoryUsage.rss() });
}

await main();
