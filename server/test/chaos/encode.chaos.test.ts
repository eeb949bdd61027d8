import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { Output } from "../../encode/encoder.ts";
import { createPool, type Pool, type PoolOptions } from "../../encode/pool/pool.ts";
import { fault, faultyChild } from "../../encode/test/faulty-child.ts";
import { longGif, longPng, longWebp } from "../../encode/test/long-animations.ts";
import { Problem } from "../../errors.ts";
import { animation, photo } from "../support/pictures.ts";
import { bounded, report, sized } from "./chaos.ts";

/** The signal of a caller that never aborts. */
const never = (): AbortSignal => new AbortController().signal;

/** An unlimited queue, because the test is about the encoders. */
function startPool(options: PoolOptions = {}): Pool {
  const pool = createPool({
    slots: { live: 2, warm: 1 },
    maxJobs: { live: 1e6, warm: 1e6 },
    maxMegapixels: 1e12,
    maxWaitMs: { live: 3_600_000, warm: 3_600_000 },
    // The machine can be busy: only a job that hangs is overdue.
    deadlineMs: { live: 120_000, warm: 120_000 },
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** The code of the problem, or `ok`. */
async function outcome(pool: Pool, original: Uint8Array, output: Partial<Output> = {}): Promise<string> {
  try {
    const asked: Output = { class: "auto-w", quality: 50, width: 200, ...output };
    for await (const _ of pool.encode(original, [asked], { lane: "live", signal: never() }));
    return "ok";
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
}

function countOf(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

test("images with bytes changed at random are made or refused, and kill nothing", async () => {
  const pool = startPool();
  const base = photo(300, 200);
  const originals = await Promise.all([
    base.clone().jpeg().toBuffer(),
    base.clone().jpeg({ progressive: true }).toBuffer(),
    base.clone().png().toBuffer(),
    base.clone().webp().toBuffer(),
    base.clone().avif({ effort: 0 }).toBuffer(),
    animation("gif", 5),
    animation("webp", 5),
  ]);
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const rounds = sized(300, 8);
  const outcomes = await Promise.all(
    Array.from({ length: rounds }, () =>
      originals.map((original) => {
        const changed = Buffer.from(original);
        for (let times = 1 + random(12); times > 0; times--)
          changed[random(random(2) ? 300 : changed.length)] = random(256);
        return outcome(pool, random(4) ? changed : changed.subarray(0, random(changed.length)));
      }),
    ).flat(),
  );
  const counts = countOf(outcomes);
  const refusals = ["unsupported-source", "unreadable-source", "impossible-variant"];
  expect(Object.keys(counts).filter((name) => name !== "ok" && !refusals.includes(name))).toEqual([]);
  expect(pool.stats()).toMatchObject({ crashed: 0, overdue: 0 });
  report(
    "S5",
    `${outcomes.length} mutated JPEG, PNG, WebP, AVIF, GIF`,
    `${JSON.stringify(counts)}, 0 crashes, 0 hangs`,
  );
});

/** Headers that announce an image of this many pixels, with hardly any body. */
async function bombs(): Promise<[string, Buffer][]> {
  const png = await photo(16, 16).png().toBuffer();
  png.writeUInt32BE(16_000, 16);
  png.writeUInt32BE(16_000, 20);
  const lottapixel = await photo(16, 16).jpeg().toBuffer();
  const frame = lottapixel.indexOf(Buffer.from([0xff, 0xc0]));
  lottapixel.writeUInt16BE(64_250, frame + 5);
  lottapixel.writeUInt16BE(64_250, frame + 7);
  const avif = await photo(64, 64).avif({ effort: 0 }).toBuffer();
  avif.writeUInt32BE(17_000, avif.indexOf("ispe") + 8);
  avif.writeUInt32BE(17_000, avif.indexOf("ispe") + 12);
  const webp = await photo(64, 64).ensureAlpha(0.5).webp().toBuffer();
  webp.writeUIntLE(16_382, 24, 3);
  webp.writeUIntLE(16_382, 27, 3);
  return [
    ["a PNG that says 256 megapixels", png],
    ["a JPEG that says 4 gigapixels", lottapixel],
    ["an AVIF that says 17,000 × 17,000", avif],
    ["a WebP that says 16,383 × 16,383", webp],
  ];
}

test("fifty of each bomb at once are refused without a child, a place in the queue or memory", async () => {
  const pool = startPool();
  const before = process.memoryUsage.rss();
  const worst: number[] = [];
  for (const [name, bomb] of await bombs()) {
    const started = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(pool, bomb)));
    worst.push(performance.now() - started);
    expect(countOf(outcomes), name).toEqual({ "unreadable-source": 50 });
  }
  expect(pool.stats().spawned).toBe(0);
  const grown = Math.max(0, process.memoryUsage.rss() - before) / 2 ** 20;
  report(
    "S6",
    "4 bombs × 50 at once",
    `all 422, 50 in at most ${Math.max(...worst).toFixed(0)} ms, 0 children, +${grown.toFixed(0)} MiB`,
  );
});

test("animations above the limits are passed on, and SVG is never decoded", async () => {
  const pool = startPool();
  const frames = sized(10_000, 1_000);
  const svgs = [
    '<svg xmlns="http://www.w3.org/2000/svg"><filter id="f"><feTurbulence/></filter></svg>',
    '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>',
  ];
  for (const long of [await longGif(frames), await longWebp(frames), await longPng(frames)]) {
    expect(await outcome(pool, long)).toBe("ok");
    expect(await outcome(pool, long, { class: "webp" })).toBe("impossible-variant");
  }
  for (const svg of svgs) expect(await outcome(pool, Buffer.from(svg))).toBe("unsupported-source");
  expect(pool.stats()).toMatchObject({ crashed: 0, overdue: 0 });
  report(
    "S7",
    `a GIF, a WebP and a PNG of ${frames.toLocaleString("en-GB")} frames each, SVG bombs`,
    "as they are stored, 422 with fm; 415; 0 crashes, 0 hangs",
  );
});

test("children that die again and again cost readers of other photographs nothing", async () => {
  const pool = startPool({
    worker: { module: await faultyChild() },
    deadlineMs: { live: 60_000, warm: 60_000 },
  });
  const original = await photo(400, 300).jpeg().toBuffer();
  const deaths = sized(100, 6);
  const kinds = [fault.abort, fault.segfault, fault.lie, fault.babble];
  const ill = Array.from({ length: deaths / 2 }, (_, index) =>
    // Bytes after the end of a JPEG are ignored, but make it another photograph.
    outcome(pool, Buffer.concat([original, Buffer.from(`${index}`)]), {
      quality: kinds[index % 4] ?? fault.abort,
      class: "jpg",
    }),
  );
  const well = Array.from({ length: deaths }, (_, index) =>
    outcome(pool, original, { quality: 20 + (index % 80) }),
  );
  expect(countOf(await Promise.all(ill))).toEqual({ "encode-failed": deaths / 2 });
  expect(countOf(await Promise.all(well))).toEqual({ ok: deaths });
  expect(pool.stats()).toMatchObject({ crashed: deaths, lanes: { live: { running: 0, waiting: 0 } } });
  report(
    "L7",
    `${deaths} deaths of children among ${deaths} readers`,
    "100 % of readers served, 0 slots lost",
  );
});

test("memory does not grow over many encodes", async () => {
  const pool = startPool({ slots: { live: 1, warm: 1 }, recycle: { jobs: 1e9, restBytes: 1e12 } });
  const original = await photo(600, 400).jpeg().toBuffer();
  const encodes = sized(20_000, 40);
  const samples: number[] = [];
  for (let index = 0; index < encodes; index++) {
    const output = (["jpg", "webp", "avif"] as const)[index % 3] ?? "jpg";
    expect(
      await outcome(pool, original, { class: output, quality: 30 + (index % 50), width: 200 + (index % 60) }),
    ).toBe("ok");
    if (index % Math.ceil(encodes / 20) === 0) samples.push(childRss(process.pid) / 2 ** 20);
  }
  expect(pool.stats().spawned).toBe(1);
  // The heaps of a child reach their size within its first thousands of jobs; growth after that is a leak.
  const [early, late] = [samples.slice(10, 15), samples.slice(-5)].map((some) => Math.min(...some));
  const slope = (((late ?? 0) - (early ?? 0)) * 1_000) / (encodes / 4);
  bounded("MiB that 1,000 encodes leave in a child", slope, 1);
  report(
    "L6",
    `${encodes.toLocaleString("en-GB")} encodes in one child`,
    `${Math.max(...samples).toFixed(0)} MiB at most, ${slope.toFixed(2)} MiB per 1,000`,
  );
});

/** Resident bytes of a process's children. */
function childRss(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return children.reduce((sum, child) => {
    const pages = Number(readFileSync(`/proc/${child}/statm`, "utf8").split(" ")[1]);
    return sum + pages * 4096;
  }, 0);
}
