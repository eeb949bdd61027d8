import { readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { type Clients, oneClient, publisher } from "../../concurrency/clients.ts";
import { sniff } from "../../formats/sniff.ts";
import { animation, photo } from "../../test/support/pictures.ts";
import { encode } from "../child/encoders.ts";
import { leanOriginal } from "../child/original/lean.ts";
import type { Lane, Output } from "../encoder.ts";
import { CHILD_BYTES, EncoderMemory, LEAST_BYTES, ORDINARY_BYTES } from "../memory/encoder-memory.ts";
import { readLayout } from "../memory/layout.ts";
import { isOutOfMemory } from "../memory/memory-limit.ts";
import { createPool, type Pool, type PoolOptions } from "../pool/pool.ts";
import { failing, fault, faultyChild, KEPT_BYTES } from "./faulty-child.ts";
import { patient } from "./patient.ts";
import { chunk, withChunks } from "./png.ts";

const MIB = 2 ** 20;
const signal = new AbortController().signal;

function startPool(options: PoolOptions = {}): Pool {
  const pool = createPool({
    slots: { live: 2, warm: 1 },
    ...patient,
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

async function make(
  pool: Pool,
  original: Uint8Array,
  output: Partial<Output>,
  lane: Lane = "live",
  clients: Clients = publisher,
) {
  const asked: Output = { class: "jpg", quality: 50, ...output };
  for await (const made of pool.encode(original, [asked], { lane, signal, clients })) return made;
  throw new Error("nothing was made");
}

/** Processes that run this module, whose folder is unique to this test. The kernel's list of children can lack some. */
function processesOf(module: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(module);
      } catch {
        return false;
      }
    });
}

test("a large job waits for memory beside another large one, small ones go ahead, and then it is made", async () => {
  // There is memory for one of the two in addition to an ordinary one.
  const module = await faultyChild();
  const pool = startPool({ memoryBytes: 640 * MIB, worker: { module } });
  const large = await photo(2_600, 2_000).webp({ effort: 0 }).toBuffer();
  void make(pool, large, { class: "avif", quality: fault.silence, width: 2_000 }, "warm").catch(
    () => undefined,
  );
  await expect.poll(() => pool.stats().lanes.warm.running).toBe(1);
  const stuck = processesOf(module);
  const waiting = make(pool, large, { class: "avif", width: 2_000 });
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 0, waiting: 1 });
  const small = await photo(300, 200).jpeg().toBuffer();
  for (let quality = 50; quality < 53; quality++)
    expect(await make(pool, small, { quality, width: 100 })).toMatchObject({ contentType: "image/jpeg" });
  expect(pool.stats().lanes.live.waiting).toBe(1);
  // The memory of the stuck job is free; a reader's job comes before its second attempt.
  for (const pid of stuck) process.kill(pid, "SIGKILL");
  expect(await waiting).toMatchObject({ contentType: "image/avif" });
});

test("one client's images do not take the reserve from another client: the one that has used less is next", async () => {
  // In addition to the reserve there is memory for one job, and that one does not end.
  const pool = startPool({ memoryBytes: LEAST_BYTES, worker: { module: await faultyChild() } });
  const original = await photo(300, 200).jpeg().toBuffer();
  void make(pool, original, { quality: fault.silence }, "warm").catch(() => undefined);
  await expect.poll(() => pool.stats().lanes.warm.running).toBe(1);
  const made: string[] = [];
  const ask = (client: string, quality: number): Promise<unknown> =>
    make(pool, original, { quality }, "live", oneClient(client)).then(() => made.push(client));
  const asked = [50, 51, 52].map((quality) => ask("greedy", quality));
  expect(pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 2 });
  await Promise.all([...asked, ask("other", 70)]);
  expect(made).toEqual(["greedy", "other", "greedy", "greedy"]);
});

test("a child that uses more memory than its job may is ended at once, its variant is not tried a third time, and others are made", async () => {
  const pool = startPool({ worker: { module: await faultyChild() } });
  const original = await photo(300, 200).jpeg().toBuffer();
  const needed = "It needs more than";
  for (const detail of [needed, needed, "Making this variant has failed twice"])
    await expect(make(pool, original, { quality: fault.hoard })).rejects.toMatchObject({
      code: "impossible-variant",
      message: expect.stringContaining(detail),
    });
  expect(pool.stats()).toMatchObject({ outgrown: 2, crashed: 0, overdue: 0 });
  expect(await make(pool, original, { quality: 50 })).toMatchObject({ contentType: "image/jpeg" });
});

test("a large job has room for its estimate after jobs that left memory behind: in the same child, or in a new one if memory is short", async () => {
  // To decode it takes 151 MiB, and the estimate is 176.
  const flat = { create: { width: 3_000, height: 2_000, channels: 3, background: "#369" } } as const;
  const large = await sharp(flat).avif({ effort: 0, bitdepth: 10 }).toBuffer();
  const small = await photo(300, 200).jpeg().toBuffer();
  const module = await faultyChild();
  const afterAnother = async (memoryBytes: number) => {
    const pool = startPool({ slots: { live: 1, warm: 1 }, memoryBytes, worker: { module } });
    await make(pool, small, { quality: fault.keep });
    expect(await make(pool, large, { width: 16 })).toMatchObject({ contentType: "image/jpeg" });
    return pool.stats();
  };
  const roomFor = (bytes: number): number => CHILD_BYTES + ORDINARY_BYTES + bytes;
  const estimate = CHILD_BYTES + 178 * MIB;
  expect(await afterAnother(roomFor(estimate + KEPT_BYTES))).toMatchObject({ spawned: 1, outgrown: 0 });
  expect(await afterAnother(roomFor(estimate))).toMatchObject({ spawned: 2, outgrown: 0 });
});

test("what fails in a child that has worked before is tried in a new one, before it is said of the photograph", async () => {
  const pool = startPool({ slots: { live: 1, warm: 1 }, worker: { module: await faultyChild() } });
  const original = await photo(300, 200).jpeg().toBuffer();
  for (const width of [failing.exhaustedLater, failing.failedLater, failing.exhaustedLater]) {
    await make(pool, original, { width: 100 });
    expect(await make(pool, original, { width })).toMatchObject({ contentType: "image/jpeg", width });
  }
  expect(pool.stats()).toMatchObject({ outgrown: 2, crashed: 0 });
  // Two children have worked and are up. Each fails, and then a new one does; after the second new one it is not tried again.
  await make(pool, original, { width: 100 });
  const { spawned } = pool.stats();
  for (let time = 0; time < 3; time++)
    await expect(make(pool, original, { width: failing.exhausted })).rejects.toMatchObject({
      code: "impossible-variant",
    });
  expect(pool.stats()).toMatchObject({ outgrown: 6, spawned: spawned + 2 });
});

test.each([
  "vips_tracked: out of memory -- size == 3MB",
  "glib: Error creating thread: Resource temporarily unavailable",
  "heif: Memory allocation error: Unspecified: Allocating 2880015 bytes failed (6.0)",
  "heif: Memory allocation error: Unspecified: Failed to allocate image (6.0)",
  "heif: Encoder plugin generated an error: Initialization problem: av1_create_context_and_bufferpool() failed (8.5001)",
  "heif: Encoder plugin generated an error: Encoding problem: Undefined AOM error (8.5002)",
  "heif: Encoder plugin generated an error: Encoding problem: Failed to allocate lag buffers (8.5002)",
  "heif: Invalid input: Unspecified: Memory allocation error (2.0)",
  "webpsave: failed to allocate 2880000 bytes",
  "webpsave: picture memory error",
])("an encoder that says %s got no memory", (words) => {
  expect(isOutOfMemory(new Error(words))).toBe(true);
  expect(isOutOfMemory(new Error("it cannot be decoded", { cause: new Error(words) }))).toBe(true);
});

test("idle children are ended when their memory is needed", async () => {
  // Two idle encoders fit, and a third must not start then.
  const pool = startPool({ memoryBytes: LEAST_BYTES + CHILD_BYTES });
  const original = await photo(300, 200).jpeg().toBuffer();
  await Promise.all([make(pool, original, {}), make(pool, original, { quality: 51 })]);
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 0, children: 2 });
  await make(pool, original, { quality: 52 }, "warm");
  expect(pool.stats().lanes.live.children).toBeLessThan(2);
});

test("a reader's AVIF has a thread for each idle slot if there is memory for it, and one beside another reader's job", async () => {
  const original = await photo(480, 360).jpeg().toBuffer();
  const avif = async (pool: Pool) =>
    Buffer.from((await make(pool, original, { class: "avif", quality: 60 })).body).toString("base64");
  // Threads share the work, so the file is a little different.
  const single = await avif(startPool({ slots: { live: 1, warm: 1 } }));
  const pool = startPool({ worker: { module: await faultyChild() } });
  const alone = await avif(pool);
  expect(alone).not.toBe(single);
  void make(pool, original, { quality: fault.silence }).catch(() => undefined);
  await expect.poll(() => pool.stats().lanes.live.running).toBe(1);
  expect(await avif(pool)).toBe(single);
  expect(await avif(startPool({ memoryBytes: LEAST_BYTES }))).toBe(single);
});

test("the threads of an AVIF are not left to the next job, which has no memory for them", async () => {
  const settings = { quality: 50, offsets: {}, width: 64, height: 48, effort: 0, threads: 2 } as const;
  const kind = { mayBeGraphic: false, lossless: false, copyright: undefined } as const;
  const before = sharp.concurrency(1);
  await encode(photo(64, 48), { choice: { format: "avif", substitute: false }, ...settings, ...kind });
  expect(sharp.concurrency()).toBe(1);
  sharp.concurrency(before);
});

test("a job gets its turn after enough others went ahead of it, and an ordinary live job always has room", () => {
  const memory = new EncoderMemory(2 * LEAST_BYTES);
  const ordinary = { bytes: 1, isLive: true };
  const inReserve = memory.acquire({ ...ordinary });
  const running = [1, 2].map(() => memory.acquire({ bytes: 1, isLive: false }));
  expect([inReserve, ...running].every((charge) => charge !== undefined)).toBe(true);
  const large = { bytes: memory.most, isLive: false };
  expect(memory.acquire(large)).toBeUndefined();
  let passes = 0;
  for (; passes < 100 && !memory.isKept(large); passes++) {
    const charge = memory.acquire({ bytes: 1, isLive: false });
    if (charge !== undefined) memory.release(charge);
  }
  expect(passes).toBeGreaterThan(1);
  expect(passes).toBeLessThan(100);
  // Now others wait, although there would be memory for them.
  expect(memory.room()).toBeGreaterThanOrEqual(CHILD_BYTES + ORDINARY_BYTES);
  expect(memory.acquire({ bytes: 1, isLive: false })).toBeUndefined();
  for (const charge of [inReserve, ...running]) if (charge !== undefined) memory.release(charge);
  expect(memory.acquire({ ...ordinary })).toBeDefined();
  expect(memory.acquire(large)).toBeDefined();
});

test("a job that no longer waits blocks nobody", () => {
  const memory = new EncoderMemory(LEAST_BYTES);
  const first = memory.acquire({ bytes: 1, isLive: false });
  const large = { bytes: memory.most, isLive: false };
  expect(memory.acquire(large)).toBeUndefined();
  memory.forget(large);
  if (first !== undefined) memory.release(first);
  for (let time = 0; time < 20; time++) {
    const charge = memory.acquire({ bytes: 1, isLive: false });
    expect(charge).toBeDefined();
    if (charge !== undefined) memory.release(charge);
  }
});

const interlaced = { progressive: true } as const;

test.each([
  ["JPEG", () => photo(64, 48).jpeg(), { channels: 3, samples: 1.5, whole: false, turned: false }],
  ["JPEG 4:4:4", () => photo(64, 48).jpeg({ chromaSubsampling: "4:4:4" }), { samples: 3 }],
  ["progressive JPEG", () => photo(64, 48).jpeg(interlaced), { whole: true }],
  ["turned JPEG", () => photo(64, 48).jpeg().withMetadata({ orientation: 6 }), { turned: true }],
  ["CMYK JPEG", () => photo(64, 48).toColourspace("cmyk").jpeg(), { channels: 4, samples: 4 }],
  ["PNG", () => photo(64, 48).png(), { channels: 3, depth: 1, whole: false }],
  ["PNG with alpha", () => photo(64, 48).ensureAlpha(0.5).png(), { channels: 4 }],
  ["PNG of 16 bits", () => photo(64, 48).toColourspace("rgb16").png(), { depth: 2 }],
  ["interlaced PNG", () => photo(64, 48).png(interlaced), { whole: true }],
  ["WebP", () => photo(64, 48).webp(), { channels: 3, whole: false }],
  ["lossless WebP", () => photo(64, 48).webp({ lossless: true }), { channels: 4, whole: true }],
  ["WebP with alpha", () => photo(64, 48).ensureAlpha(0.5).webp(), { channels: 4 }],
  ["AVIF", () => photo(64, 48).avif({ effort: 0 }), { depth: 1 }],
  ["AVIF of 10 bits", () => photo(64, 48).avif({ effort: 0, bitdepth: 10 }), { depth: 2 }],
] as const)("the header of a %s shows how it is decoded", async (_, picture, layout) => {
  const bytes = await picture().toBuffer();
  expect(readLayout(sniff(bytes).type, bytes)).toMatchObject({ width: 64, height: 48, frames: 1, ...layout });
});

test("the header of an animated WebP shows its frames, and a cut header gives no or correct values", async () => {
  expect(readLayout("image/webp", await animation("webp", 3))).toMatchObject({ frames: 3 });
  const jpeg = await photo(64, 48).jpeg({ progressive: true }).toBuffer();
  for (let length = 0; length < jpeg.length; length++) {
    const layout = readLayout("image/jpeg", jpeg.subarray(0, length));
    if (layout !== undefined) expect(layout).toMatchObject({ width: 64, height: 48, whole: true });
  }
});

test("a JPEG with several scans is decoded whole, although it is not progressive", async () => {
  const jpeg = await photo(64, 48).jpeg().toBuffer();
  const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  // The first scan's header declares one of the three components.
  jpeg[scan + 4] = 1;
  expect(readLayout("image/jpeg", jpeg)).toMatchObject({ whole: true });
});

test.each(["jpeg", "png", "webp"] as const)(
  "removing metadata of a %s changes no pixel, and neither its profile nor its orientation",
  async (format) => {
    const plain = photo(64, 48).withIccProfile("p3").withMetadata({ orientation: 6 });
    const original = await plain.withXmp("<x:xmpmeta/>").toFormat(format).toBuffer();
    const text = chunk("tEXt", Buffer.from("Comment\0hello"));
    const whole = format === "png" ? withChunks(original, [text, text]) : original;
    const lean = Buffer.from(leanOriginal(sniff(whole).type, Buffer.from(whole)));
    const [before, after] = await Promise.all([whole, lean].map((bytes) => sharp(bytes).metadata()));
    expect(after).toMatchObject({ width: 64, height: 48, orientation: before?.orientation });
    expect(after?.icc?.equals(before?.icc ?? Buffer.alloc(0))).toBe(true);
    const [one, other] = await Promise.all([whole, lean].map((bytes) => sharp(bytes).raw().toBuffer()));
    expect(other?.equals(one ?? Buffer.alloc(0))).toBe(true);
    expect(lean.includes("hello")).toBe(false);
  },
);

test("of an image's metadata only as much is decoded as real programs write", async () => {
  const block = Buffer.concat([Buffer.from("http://ns.adobe.com/xap/1.0/\0"), Buffer.alloc(60_000, 32)]);
  const head = Buffer.from([0xff, 0xe1, (block.length + 2) >> 8, (block.length + 2) & 255]);
  const jpeg = await photo(64, 48).jpeg().toBuffer();
  const many = Array.from({ length: 20 }, () => Buffer.concat([head, block]));
  const bloated = Buffer.concat([jpeg.subarray(0, 2), ...many, jpeg.subarray(2)]);
  const { xmp } = await sharp(leanOriginal("image/jpeg", bloated)).metadata();
  expect(xmp?.length).toBe(60_000);
  const webp = await photo(64, 48)
    .webp()
    .withXmp(`<x>${" ".repeat(2 ** 21)}</x>`)
    .toBuffer();
  const { xmp: large, width } = await sharp(leanOriginal("image/webp", webp)).metadata();
  expect([large, width]).toEqual([undefined, 64]);
});
