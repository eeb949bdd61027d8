import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

/** Qualities at which the faulty child behaves as with a hostile picture. */
export const fault = {
  abort: 11,
  segfault: 12,
  spin: 13,
  silence: 14,
  lie: 15,
  babble: 16,
  misstate: 17,
  hoard: 18,
  flood: 19,
  keep: 20,
} as const;

/** Widths whose output fails with an error of a library: in each child, or only in one that has worked before. */
export const failing = { exhausted: 126, exhaustedLater: 127, failedLater: 128 } as const;

/** Bytes that the child keeps after a job of {@link fault}'s quality. */
export const KEPT_BYTES = 70 * 2 ** 20;

/** A width whose output kills the child as soon as it is finished. */
export const FATAL_WIDTH = 124;

/** The real child, except that it fails at certain qualities. */
export async function faultyChild(): Promise<string> {
  const real = pathToFileURL(join(import.meta.dirname, "../../../dist/server/encode/child/main.js"));
  const module = join(await temporaryFolder(), "child.mjs");
  await writeFile(
    module,
    `import { writeSync } from "node:fs";
    const parse = JSON.parse;
    const stringify = JSON.stringify;
    let worked = false;
    JSON.stringify = (value) => {
      const { kind, width } = value ?? {};
      if (kind === "output" && width === ${failing.exhausted}) throw new Error("glib: Error creating thread: Resource temporarily unavailable");
      if (kind === "output" && worked && width === ${failing.exhaustedLater}) throw new Error("webpsave: picture memory error");
      if (kind === "output" && worked && width === ${failing.failedLater}) throw new Error("webpsave: unable to encode");
      worked ||= kind === "output";
      if (value?.kind === "output" && value.width === ${FATAL_WIDTH}) process.abort();
      return stringify(value);
    };
    const frame = (head, body) => {
      const json = Buffer.from(JSON.stringify(head));
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(json.length, 0);
      lengths.writeUInt32BE(body.length, 4);
      return Buffer.concat([lengths, json, body]);
    };
    JSON.parse = (text) => {
      const message = parse(text);
      const quality = message?.outputs?.[0]?.quality;
      if (quality === ${fault.abort}) process.abort();
      if (quality === ${fault.segfault}) process.kill(process.pid, "SIGSEGV");
      if (quality === ${fault.spin}) for (;;);
      if (quality === ${fault.hoard}) {
        globalThis.hoard ??= [];
        setInterval(() => globalThis.hoard.push(Buffer.alloc(16 * 2 ** 20, 1)), 20);
        return { kind: "stop" };
      }
      if (quality === ${fault.keep}) globalThis.kept = Buffer.alloc(${KEPT_BYTES}, 1);
      if (quality === ${fault.silence}) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      if (quality === ${fault.lie})
        writeSync(3, frame({ kind: "output", contentType: "image/webp", width: 1, height: 1, effort: 0, substitute: false }, Buffer.from("<script>")));
      if (quality === ${fault.misstate})
        writeSync(3, frame({ kind: "output", contentType: "image/webp", width: "1", height: 1, effort: 0, substitute: false }, Buffer.from("RIFF....WEBP")));
      if (quality === ${fault.flood})
        for (let count = 0; count < 100; count++)
          writeSync(3, frame({ kind: "output", contentType: "image/webp", width: 1, height: 1, effort: 0, substitute: false }, Buffer.from("RIFF....WEBP")));
      if (quality === ${fault.babble}) writeSync(3, "this is no frame, but it is long enough to look like one");
      return message;
    };
    await import(${JSON.stringify(real.href)});`,
  );
  return module;
}
