import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import type { Pieces } from "../../formats/pieces.ts";
import { sniff } from "../../formats/sniff.ts";
import { animation, photo } from "../../test/support/pictures.ts";
import type { Encoded, Output } from "../encoder.ts";
import { libraryProblems } from "../minimum-versions.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const pool = createPool(patient);
afterAll(() => pool.close());
const live = { lane: "live", signal: new AbortController().signal } as const;

async function encodeAll(original: Pieces | Uint8Array, ...outputs: Output[]): Promise<Encoded[]> {
  const made: Encoded[] = [];
  for await (const encoded of pool.encode(original, outputs, live)) made.push(encoded);
  return made;
}

test("each class of readers gets the best format that it accepts, at the requested width", async () => {
  const original = await photo(600, 400).jpeg().toBuffer();
  const classes = ["auto", "auto-w", "auto-a", "auto-aw", "jpg", "png", "webp", "avif"] as const;
  const made = await encodeAll(
    original,
    ...classes.map((name) => ({ class: name, quality: 60, width: 300 })),
  );
  expect(made.map(({ contentType }) => contentType)).toEqual([
    "image/jpeg",
    "image/webp",
    "image/avif",
    "image/avif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/avif",
  ]);
  for (const { body, contentType, width, height } of made) {
    expect(sniff(body).type).toBe(contentType);
    const pixels = await sharp(body).metadata();
    expect([pixels.width, pixels.height]).toEqual([width, height]);
    expect([width, height]).toEqual([300, 200]);
  }
});

test("many outputs of one job have the same bytes as each alone", async () => {
  const original = await photo(500, 300).jpeg().toBuffer();
  const outputs: Output[] = [
    { class: "jpg", quality: 50, width: 200 },
    { class: "webp", quality: 50, width: 200 },
    { class: "webp", quality: 70, width: 400 },
  ];
  const together = await encodeAll(original, ...outputs);
  const alone = (await Promise.all(outputs.map((output) => encodeAll(original, output)))).flat();
  expect(together.map(({ body }) => Buffer.from(body).toString("base64"))).toEqual(
    alone.map(({ body }) => Buffer.from(body).toString("base64")),
  );
});

test("an original in pieces becomes what it becomes in one piece", async () => {
  const original = await photo(600, 400).jpeg().toBuffer();
  const pieces = [
    original.subarray(0, 9_000),
    original.subarray(9_000, 9_001),
    original.subarray(9_001),
  ] as const;
  const output = { class: "webp", quality: 60, width: 300 } as const;
  const [whole] = await encodeAll(original, output);
  const [encoded] = await encodeAll(pieces, output);
  expect(encoded?.body).toEqual(whole?.body);
  expect(await pool.describe(pieces, live)).toEqual(await pool.describe(original, live));
});

test("originals of any size, one after the other in one child, become what each becomes alone", async () => {
  const [jpeg, png] = await Promise.all([
    photo(300, 200).jpeg().toBuffer(),
    photo(200, 120).withIccProfile("p3").png().toBuffer(),
  ]);
  const originals = [jpeg, Buffer.concat([jpeg, Buffer.alloc(1_500_000)]), png, jpeg];
  const large = Buffer.concat([jpeg, Buffer.alloc(5_000_000)]);
  const output: Output = { class: "webp", quality: 60, width: 100 };
  const one = createPool({ ...patient, slots: { live: 1, warm: 1 } });
  const makeIn = async (from: typeof pool, original: Uint8Array) => {
    for await (const { body } of from.encode(original, [output], live)) return Buffer.from(body);
    return undefined;
  };
  try {
    const alone = new Map<Uint8Array, Buffer | undefined>();
    for (const original of [jpeg, png]) alone.set(original, await makeIn(pool, original));
    // What follows a JPEG's end is no part of it.
    for (const original of [...originals, large, ...originals])
      expect(await makeIn(one, original)).toEqual(alone.get(original) ?? alone.get(jpeg));
    expect(one.stats().spawned).toBe(1);
  } finally {
    one.close();
  }
});

test("an animation stays an animation if WebP is accepted, and is the GIF itself otherwise", async () => {
  const gif = await animation("gif", 3);
  const [webp, itself] = await encodeAll(
    gif,
    { class: "auto-aw", quality: 75, width: 20 },
    { class: "auto", quality: 75, width: 20 },
  );
  expect((await sharp(webp?.body).metadata()).pages).toBe(3);
  expect(webp?.contentType).toBe("image/webp");
  expect(itself?.contentType).toBe("image/gif");
  expect(Buffer.from(itself?.body ?? []).equals(gif)).toBe(true);
});

test("a description has the displayed size, the colour and a small placeholder", async () => {
  const original = await sharp({ create: { width: 90, height: 60, channels: 3, background: "#336699" } })
    .jpeg({ quality: 95 })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const described = await pool.describe(original, live);
  expect(described).toMatchObject({ type: "image/jpeg", width: 60, height: 90, frames: 1, alpha: false });
  expect(described.color).toMatch(/^#3[0-9a-f]6[0-9a-f]9[0-9a-f]$/);
  const placeholder = Buffer.from(described.placeholder ?? "", "base64");
  expect(placeholder.length).toBeLessThanOrEqual(150);
  expect(await sharp(placeholder).metadata()).toMatchObject({ format: "webp", height: 16 });
});

test("a file that is not a photograph is refused with a message for its author", async () => {
  await expect(encodeAll(Buffer.from("<html></html>"), { class: "auto", quality: 50 })).rejects.toMatchObject(
    {
      code: "unsupported-source",
      detail: expect.stringContaining("HTML"),
    },
  );
  const cut = (await photo(600, 400).jpeg().toBuffer()).subarray(0, 3_000);
  await expect(encodeAll(cut, { class: "auto", quality: 50 })).rejects.toMatchObject({
    code: "unreadable-source",
  });
});

test("a child that starts slowly is used before there are readers", async () => {
  const slow = createPool({ deadlineMs: { live: 1, warm: 60_000 } });
  expect(libraryProblems(await slow.libraries())).toEqual([]);
  slow.close();
});

test("the image libraries are not older than the minimum versions", async () => {
  expect(libraryProblems(await pool.libraries())).toEqual([]);
});

test.each([
  [{ sharp: "0.34.9", vips: "8.18.3", heif: "1.22.1", webp: "1.3.2" }, ["sharp 0.34.9"]],
  [
    { sharp: "0.35.0", vips: "8.9.9", heif: "1.22.0", webp: "1.3.1" },
    ["vips 8.9.9", "heif 1.22.0", "webp 1.3.1"],
  ],
  [{ sharp: "1.0.0", vips: "9.0.0" }, []],
  [{ vips: "8.18.7" }, ["sharp does not report its version"]],
])("libraries with %j are reported as too old, by name", (versions, problems) => {
  const found = libraryProblems(versions);
  expect(found).toHaveLength(problems.length);
  for (const [at, words] of problems.entries()) expect(found[at]).toContain(words);
});

test("an image above the limits is refused by its header, before it gets a place in the queue", async () => {
  // Only its header is read, and the header says so.
  const bomb = await photo(16, 16).png().toBuffer();
  bomb.writeUInt32BE(16_000, 16);
  bomb.writeUInt32BE(16_000, 20);
  const spawned = pool.stats().spawned;
  await expect(encodeAll(bomb, { class: "auto", quality: 50 })).rejects.toMatchObject({
    code: "unreadable-source",
    detail: "The original has 256 megapixels; the limit is 120 megapixels (MAX_PIXELS).",
  });
  expect(pool.stats().spawned).toBe(spawned);
});

test("an animation with too many frames is passed on, and made in no other format", async () => {
  const gif = await animation("gif", 257, 4, 4);
  expect(await encodeAll(gif, { class: "auto-w", quality: 50 })).toMatchObject([
    { contentType: "image/gif" },
  ]);
  await expect(encodeAll(gif, { class: "webp", quality: 50 })).rejects.toMatchObject({
    code: "impossible-variant",
    detail: expect.stringContaining("The original has 257 frames; the limit is 256 (MAX_FRAMES)."),
  });
});

test("a job is not cut short if the results of the job before it in the same child were not all read", async () => {
  const busy = createPool({ ...patient, slots: { live: 1, warm: 1 } });
  try {
    const live = { lane: "live", signal: new AbortController().signal } as const;
    const original = await photo(24, 18).jpeg().toBuffer();
    const outputs: Output[] = [1, 2, 3, 4].map((n) => ({ class: "jpg", quality: 10 * n }));
    const counts: number[] = [];
    const describing = async () => {
      for (let n = 0; n < 30; n += 1) await busy.describe(original, live);
    };
    const encoding = async () => {
      for (let n = 0; n < 30; n += 1) {
        let made = 0;
        for await (const _ of busy.encode(original, outputs, live)) made++;
        counts.push(made);
      }
    };
    // There is one child, so the jobs of one caller follow those of the other.
    await Promise.all([describing(), encoding()]);
    expect(new Set(counts)).toEqual(new Set([4]));
  } finally {
    busy.close();
  }
});

test("abandoned work is killed after the time that its caller allows, and is finished without one", async () => {
  const own = createPool({ ...patient, slots: { live: 1, warm: 1 }, idleMs: 1e9 });
  try {
    const original = await photo(1600, 1200).jpeg().toBuffer();
    type Options = { readonly signal: AbortSignal; readonly killAfterMs?: number };
    const children = async (
      work: (options: Options) => Promise<unknown>,
      killAfter: Omit<Options, "signal">,
    ): Promise<number> => {
      const leaving = new AbortController();
      const left = work({ signal: leaving.signal, ...killAfter });
      left.catch(() => undefined);
      await expect.poll(() => own.stats().lanes.warm.running).toBe(1);
      leaving.abort();
      await expect(left).rejects.toThrow();
      await expect.poll(() => own.stats().lanes.warm.running).toBe(0);
      return own.stats().lanes.warm.children;
    };
    const output: Output = { class: "avif", quality: 60, width: 800 };
    const encode = (options: Options) =>
      own
        .encode(original, [output], { lane: "warm", effort: 5, ...options })
        [Symbol.asyncIterator]()
        .next();
    const describe = (options: Options) => own.describe(original, { lane: "warm", ...options });
    const score = (options: Options) => own.score(original, original, options);
    for (const work of [encode, describe, score]) expect(await children(work, { killAfterMs: 0 })).toBe(0);
    expect(await children(encode, {})).toBe(1);
    // An author who moves a slider has broken nothing.
    expect(own.stats().crashed).toBe(0);
  } finally {
    own.close();
  }
});
