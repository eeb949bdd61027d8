import sharp from "sharp";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import type { EarlyUpload } from "../pool/early-upload.ts";
import { createPool, type Pool, type PoolOptions } from "../pool/pool.ts";
import { fault, faultyChild } from "./faulty-child.ts";

const signal = new AbortController().signal;
let asked: Buffer;
/** Of another look, to tell which of the two was encoded. */
let passed: Buffer;
beforeAll(async () => {
  asked = await photo(400, 300).jpeg().toBuffer();
  passed = await photo(400, 300).negate().jpeg().toBuffer();
});

function startPool(options: PoolOptions = {}): Pool {
  const pool = createPool({
    slots: { live: 1, warm: 1 },
    // However busy the machine is: nobody is turned away for the time that it takes.
    deadlineMs: { live: 120_000, warm: 120_000 },
    maxWaitMs: { live: 120_000, warm: 120_000 },
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

async function encode(
  pool: Pool,
  upload?: EarlyUpload,
  { quality = 50, body = asked } = {},
): Promise<string> {
  const options = { lane: "live", signal, ...(upload && { upload }) } as const;
  let encoded = "";
  // To the end of the job: then its child is idle again.
  for await (const made of pool.encode(body, [{ class: "jpg", quality, width: 200 }], options))
    encoded = Buffer.from(made.body).toString("base64");
  return encoded;
}

function pass(upload: EarlyUpload, body: Uint8Array): void {
  for (let at = 0; at < body.length; at += 5_000) upload.pass(body.subarray(at, at + 5_000));
}

/** A fetch that broke off in the middle, and the whole of another object. */
function receiveAnew(pool: Pool, body: Uint8Array): EarlyUpload {
  const upload = pool.receive();
  upload.begin(asked.length);
  pass(upload, asked.subarray(0, 9_000));
  upload.begin(body.length);
  pass(upload, body);
  return upload;
}

test("an original that went to a child as it arrived is not sent to it again", async () => {
  const pool = startPool();
  const upload = pool.receive();
  upload.begin(passed.length);
  pass(upload, passed);
  const made = await encode(pool, upload);
  upload.drop();
  expect(made).toBe(await encode(pool, undefined, { body: passed }));
  expect(made).not.toBe(await encode(pool));
  expect(pool.stats().spawned).toBe(1);
});

test("the header that was read early is that of the original that came last", async () => {
  const small = await photo(150, 100).jpeg().toBuffer();
  const pool = startPool();
  const upload = receiveAnew(pool, small);
  const made = Buffer.from(await encode(pool, upload), "base64");
  // Never enlarged: 200 pixels were asked for.
  expect((await sharp(made).metadata()).width).toBe(150);
});

test("an original that came anew from its first byte is the one that counts", async () => {
  const pool = startPool();
  const upload = receiveAnew(pool, passed);
  expect(await encode(pool, upload)).toBe(await encode(pool, undefined, { body: passed }));
});

test("half an original is never encoded, and its child takes the next one", async () => {
  const pool = startPool();
  const alone = await encode(pool);
  for (const bytes of [passed.length - 1, 1, 0]) {
    const upload = pool.receive();
    upload.begin(passed.length);
    pass(upload, passed.subarray(0, bytes));
    expect(await encode(pool, upload)).toBe(alone);
    upload.drop();
    pass(upload, passed);
    expect(await encode(pool)).toBe(alone);
  }
  expect(pool.stats()).toMatchObject({ crashed: 0, overdue: 0 });
  expect(pool.stats().spawned).toBeLessThanOrEqual(2);
});

test("an original that is slow to come holds no slot", async () => {
  const pool = startPool();
  const slow = pool.receive();
  slow.begin(passed.length);
  expect(await encode(pool)).toBe(await encode(pool, pool.receive()));
  pass(slow, passed);
  expect(await encode(pool, slow)).toBe(await encode(pool, undefined, { body: passed }));
  expect(pool.stats().lanes.live.children).toBe(2);
});

test("an original takes no child while the slots are taken", async () => {
  const pool = startPool();
  const left = pool.receive();
  left.begin(passed.length);
  const [first, second] = [encode(pool), encode(pool)];
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1, children: 2 });
  left.drop();
  const late = pool.receive();
  late.begin(passed.length);
  pass(late, passed);
  // It went nowhere: what is encoded is the whole that comes with the job.
  await Promise.all([first, second]);
  expect(await encode(pool, late)).toBe(await first);
});

test("a reader whom a full line would turn away is turned away before anything is fetched", async () => {
  const pool = startPool({ maxJobs: { live: 1, warm: 1 } });
  const [first, second] = [encode(pool), encode(pool)];
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
  expect(() => pool.receive()).toThrow(expect.objectContaining({ code: "busy" }));
  await Promise.all([first, second]);
  pool.receive().drop();
});

test("of all who see the last place in the line only one fetches for it, and a slow source fills no line", async () => {
  const pool = startPool({ maxJobs: { live: 2, warm: 1 } });
  const slow = Array.from({ length: 10 }, () => pool.receive());
  for (const upload of slow) upload.drop();
  const [first, second] = [encode(pool), encode(pool)];
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
  const one = pool.receive();
  expect(() => pool.receive()).toThrow(expect.objectContaining({ code: "busy" }));
  one.drop();
  one.drop();
  const other = pool.receive();
  expect(() => pool.receive()).toThrow(expect.objectContaining({ code: "busy" }));
  await Promise.all([first, second, encode(pool, other)]);
});

test("a child that dies of what it was passed is replaced, and the job tried once more", async () => {
  const pool = startPool({ worker: { module: await faultyChild() } });
  const upload = pool.receive();
  upload.begin(asked.length);
  pass(upload, asked);
  await expect(encode(pool, upload, { quality: fault.abort })).rejects.toMatchObject({
    code: "encode-failed",
  });
  upload.drop();
  expect(pool.stats()).toMatchObject({ crashed: 2, spawned: 2 });
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 0, children: 0 });
});
