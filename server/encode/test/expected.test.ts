import { beforeAll, expect, onTestFinished, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { createPool, type Pool, type PoolOptions } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const signal = new AbortController().signal;
let original: Buffer;
beforeAll(async () => {
  original = await photo(400, 300).jpeg().toBuffer();
});

function startPool(options: PoolOptions): Pool {
  const pool = createPool({
    slots: { live: 1, warm: 1 },
    ...patient,
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

async function encode(pool: Pool): Promise<void> {
  const outputs = [{ class: "jpg", quality: 50, width: 200 }] as const;
  for await (const _ of pool.encode(original, outputs, { lane: "live", signal }));
}

test("a reader whom a full queue would refuse is refused before the original is fetched", async () => {
  const pool = startPool({ maxJobs: { live: 1, warm: 1 } });
  const [first, second] = [encode(pool), encode(pool)];
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
  expect(() => pool.expect()).toThrow(expect.objectContaining({ code: "busy" }));
  await Promise.all([first, second]);
  pool.expect()();
});

test("of all readers who see the last place in the queue only one fetches for it, and a slow source does not fill the queue", async () => {
  const pool = startPool({ maxJobs: { live: 2, warm: 1 } });
  const slow = Array.from({ length: 10 }, () => pool.expect());
  for (const leave of slow) leave();
  const [first, second] = [encode(pool), encode(pool)];
  await expect.poll(() => pool.stats().lanes.live).toMatchObject({ running: 1, waiting: 1 });
  const leave = pool.expect();
  expect(() => pool.expect()).toThrow(expect.objectContaining({ code: "busy" }));
  leave();
  leave();
  const leaveAgain = pool.expect();
  expect(() => pool.expect()).toThrow(expect.objectContaining({ code: "busy" }));
  leaveAgain();
  await Promise.all([first, second, encode(pool)]);
});
