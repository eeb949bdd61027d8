import { randomBytes } from "node:crypto";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createSemaphore } from "../../concurrency/semaphore.ts";
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import type { Lane } from "../../encode/encoder.ts";
import { defaultLimits } from "../../encode/limits.ts";
import { join, type Pieces } from "../../formats/pieces.ts";
import { type Body, bodyOf, readWhole } from "../../source/body.ts";
import type { Source } from "../../source/source.ts";
import { photo } from "../../test/support/pictures.ts";
import { createOriginalFetcher } from "../fetch-original.ts";

const jpeg = new Uint8Array(await photo(64, 48).jpeg().toBuffer());
const signal = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A source that has the same photograph under any key, and counts requests. */
function counting(body: () => Body = () => bodyOf(jpeg)) {
  const seen = { opened: 0, open: 0, most: 0 };
  const source: Source = {
    stat: async () => ({ validator: '"x"', bytes: jpeg.byteLength }),
    async open() {
      seen.opened += 1;
      seen.open += 1;
      seen.most = Math.max(seen.most, seen.open);
      await turn();
      seen.open -= 1;
      return { validator: '"x"', bytes: jpeg.byteLength, body: body() };
    },
  };
  return { source, seen };
}

function create(source: Source, bytes = jpeg.byteLength) {
  const memory = createSemaphore({ amount: 10 * bytes, mostWaiting: 100, waitMs: 60_000 });
  const places = createSemaphore({ amount: 4, mostWaiting: 100, waitMs: 60_000 });
  const parts = {
    source,
    places,
    memory,
    flights: createSingleFlight<never>(),
    maxBytes: 1e7,
    liveMs: 100,
    limits: defaultLimits,
  };
  const originals = createOriginalFetcher(parts);
  const fetch = (key: string, signal: AbortSignal, lane: Lane = "warm") =>
    originals.fetch(key, signal, { lane });
  return { fetch, memory };
}

describe("originals in memory", () => {
  test("an original is fetched once for all parallel requests, and its memory is reserved until the last one releases it", async () => {
    const { source, seen } = counting();
    const { fetch, memory } = create(source);
    const leases = await Promise.all(Array.from({ length: 5 }, () => fetch("a", signal)));
    await turn();
    expect([seen.opened, memory.used]).toEqual([1, jpeg.byteLength]);
    for (const lease of leases.slice(1)) lease.release();
    leases[1]?.release();
    expect(memory.used).toBe(jpeg.byteLength);
    leases[0]?.release();
    expect(memory.used).toBe(0);
  });

  test("only a few originals are fetched in parallel, and further ones wait while there is no memory", async () => {
    const { source, seen } = counting();
    const { fetch, memory } = create(source);
    // As of readers: one signal for all gets more listeners than Node takes for one.
    const fetching = Array.from({ length: 30 }, (_, n) => fetch(String(n), new AbortController().signal));
    let done = 0;
    for (const one of fetching) void one.then(() => (done += 1));
    await expect.poll(() => done).toBe(10);
    await turn();
    expect([done, seen.most]).toEqual([10, 4]);
    for (const one of fetching) (await one).release();
    await expect.poll(() => memory.used).toBe(0);
  });

  test("the memory of an original is released when everyone who waited has left, or the fetch fails", async () => {
    const { source } = counting();
    const { fetch, memory } = create(source);
    const leaver = new AbortController();
    const left = fetch("a", leaver.signal).catch(() => undefined);
    await turn();
    leaver.abort();
    await left;
    const broken = create(
      counting(() => ({ read: () => Promise.reject(new Error("cut")), cancel: () => undefined })).source,
    );
    await expect(broken.fetch("a", signal)).rejects.toThrow("cut");
    await expect.poll(() => [memory.used, broken.memory.used]).toEqual([0, 0]);
  });

  test("a reader waits less time for an original than a warm-up: a slow link still delivers a large one", async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { source, seen } = counting(() => holding(bodyOf(jpeg), finished));
    const { fetch, memory } = create(source);
    const warm = fetch("a", signal, "warm");
    await expect(fetch("a", signal, "live")).rejects.toMatchObject({ code: "source-timeout" });
    finish();
    const { original, release } = await warm;
    expect([Buffer.from(join(original.body)).equals(jpeg), seen.opened]).toEqual([true, 1]);
    release();
    await expect.poll(() => memory.used).toBe(0);
  });

  test("the memory of an original is released when the only reader has waited too long", async () => {
    const seen: AbortSignal[] = [];
    const source: Source = {
      stat: async () => ({ validator: '"x"', bytes: 9 }),
      async open(_, signal) {
        seen.push(signal);
        return { validator: '"x"', bytes: 9, body: holding(bodyOf(), new Promise(() => undefined)) };
      },
    };
    await expect(create(source).fetch("a", signal, "live")).rejects.toMatchObject({ code: "source-timeout" });
    expect(seen.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe("the bytes of an original", () => {
  const size = { width: 640, height: 480, channels: 3 } as const;
  const picture = sharp(randomBytes(640 * 480 * 3), { raw: size });

  async function fetched(file: Uint8Array): Promise<readonly [pieces: Pieces, cut: readonly Uint8Array[]]> {
    const cut = Array.from({ length: Math.ceil(file.byteLength / 66_000) }, (_, at) =>
      file.subarray(66_000 * at, 66_000 * (at + 1)),
    );
    const source: Source = {
      stat: async () => ({ validator: '"x"', bytes: file.byteLength }),
      open: async () => ({ validator: '"x"', bytes: file.byteLength, body: bodyOf(...cut) }),
    };
    const { original, release } = await create(source, file.byteLength).fetch("a", signal);
    release();
    return [original.body, cut];
  }

  test("a JPEG stays in the pieces in which it arrives", async () => {
    const [pieces, cut] = await fetched(await picture.clone().jpeg({ quality: 95 }).toBuffer());
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.map((piece, at) => piece === cut[at])).toEqual(cut.map(() => true));
  });

  test("a JPEG whose header does not end in its first piece, and any other format, become one piece", async () => {
    const plain = await picture.clone().jpeg().toBuffer();
    const segment = Buffer.concat([Buffer.from([0xff, 0xe4, 0xff, 0xff]), Buffer.alloc(65_533)]);
    const late = Buffer.concat([plain.subarray(0, 2), segment, segment, plain.subarray(2)]);
    const png = await picture.clone().png().toBuffer();
    for (const file of [late, png]) {
      const [pieces] = await fetched(file);
      expect([pieces.length, Buffer.compare(pieces[0], file)]).toEqual([1, 0]);
    }
  });

  test("small pieces are put together", async () => {
    const file = await picture.clone().jpeg({ quality: 95 }).toBuffer();
    const small = Array.from({ length: Math.ceil(file.byteLength / 1_400) }, (_, at) =>
      file.subarray(1_400 * at, 1_400 * (at + 1)),
    );
    const pieces = await readWhole(bodyOf(...small), file.byteLength, () => true);
    expect(Math.min(...pieces.slice(0, -1).map(({ byteLength }) => byteLength))).toBeGreaterThan(16_000);
    expect(Buffer.compare(join(pieces), file)).toBe(0);
  });
});

/** A body whose end comes later. */
function holding(body: Body, until: Promise<void>): Body {
  return {
    ...body,
    async read() {
      const piece = await body.read();
      if (piece === undefined) await until;
      return piece;
    },
  };
}
