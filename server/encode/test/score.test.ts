import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { animation, photo, quarters } from "../../test/support/pictures.ts";
import { LEAST_BYTES } from "../memory/encoder-memory.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const pool = createPool(patient);
afterAll(() => pool.close());
const signal = new AbortController().signal;

const score = (original: Uint8Array, picture: Uint8Array): Promise<number> =>
  pool.score(original, picture, { signal, names: ["one", "other"] });

const pairs = new URL("score-pairs/", import.meta.url);
const inPairs = (name: string): Promise<Buffer> => readFile(new URL(name, pairs));

/** The example blog's photograph, small. */
async function garden(width: number): Promise<Buffer> {
  const original = await inPairs("garden.jpg");
  return sharp(original).resize({ width }).png().toBuffer();
}

test("twenty pairs have the score of the reference implementation, within half a point", async () => {
  const expected: readonly { original: string; picture: string; score: number }[] = JSON.parse(
    String(await inPairs("scores.json")),
  );
  expect(expected.length).toBeGreaterThanOrEqual(20);
  for (const { original, picture, score: known } of expected) {
    const found = await score(await inPairs(original), await inPairs(picture));
    expect(Math.abs(found - known), `${picture}: ${found}, the reference says ${known}`).toBeLessThan(0.5);
  }
});

test("an image has 100 against itself, in every lossless format", async () => {
  const original = await garden(96);
  expect(await score(original, original)).toBe(100);
  expect(await score(original, await sharp(original).webp({ lossless: true }).toBuffer())).toBe(100);
});

test("more loss never gives a higher score", async () => {
  for (const original of [await garden(160), await photo(160, 120).png().toBuffer()]) {
    const scores: number[] = [];
    for (const quality of [90, 70, 50, 30])
      scores.push(await score(original, await sharp(original).jpeg({ quality }).toBuffer()));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores[0]).toBeLessThan(100);
  }
});

test("an image and its original are compared upright", async () => {
  const original = await garden(96);
  const turned = await sharp(original).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
  expect(await score(original, turned)).toBe(100);
});

test("two images are compared in sRGB, whatever their profile and depth", async () => {
  const original = await garden(96);
  // The same colours with other numbers. Comparing only the numbers would give a score of 70.
  const wide = await sharp(original).withIccProfile("p3").png().toBuffer();
  expect(await score(original, wide)).toBeGreaterThan(90);
  const deep = await sharp(original).toColourspace("rgb16").png().toBuffer();
  expect(await score(original, deep)).toBeGreaterThan(99);
});

test("grey images can be compared with each other and with colour", async () => {
  const colour = await garden(96);
  const grey = await sharp(colour).greyscale().png().toBuffer();
  expect(await score(grey, grey)).toBe(100);
  expect(await score(grey, await sharp(grey).toColourspace("srgb").png().toBuffer())).toBe(100);
  expect(await score(colour, grey)).toBeLessThan(80);
});

test("colours behind a transparent pixel do not count; colours that shine through do", async () => {
  const plain = (background: { r: number; g: number; b: number; alpha: number }): Promise<Buffer> =>
    sharp({ create: { width: 32, height: 32, channels: 4, background } })
      .png()
      .toBuffer();
  const red = { r: 255, g: 0, b: 0 };
  const green = { r: 0, g: 255, b: 0 };
  expect(await score(await plain({ ...red, alpha: 0 }), await plain({ ...green, alpha: 0 }))).toBe(100);
  expect(await score(await plain({ ...red, alpha: 1 }), await plain({ ...red, alpha: 0.5 }))).toBeLessThan(
    90,
  );
});

test("the smallest images that can be compared have eight pixels a side", async () => {
  const plain = (width: number, height: number): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: "#369" } })
      .png()
      .toBuffer();
  expect(await score(await plain(8, 8), await plain(8, 8))).toBe(100);
  for (const [width, height] of [
    [1, 1],
    [7, 5],
    [8, 7],
  ] as const) {
    const tiny = await plain(width, height);
    await expect(score(tiny, tiny)).rejects.toMatchObject({
      code: "impossible-variant",
      detail: `one has ${width} × ${height} pixels: a score takes at least 8 × 8.`,
    });
  }
});

test("images that cannot be compared are refused, and the faulty one is named", async () => {
  const original = await photo(64, 48).jpeg().toBuffer();
  const refused: readonly (readonly [Promise<Uint8Array> | Uint8Array, object])[] = [
    [
      photo(48, 64).jpeg().toBuffer(),
      {
        code: "impossible-variant",
        detail: "one has 64 × 48 pixels, other has 48 × 64 pixels: two pictures of one size can be compared.",
      },
    ],
    [Buffer.from("no image"), { code: "unsupported-source", detail: expect.stringMatching(/^other: /) }],
    [
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      { code: "unsupported-source", detail: "other: An SVG has no pixels to compare." },
    ],
    [original.subarray(0, 500), { code: "unreadable-source", detail: expect.stringMatching(/^other: /) }],
    [
      animation("webp", 3, 64, 48),
      {
        code: "impossible-variant",
        detail: "other: It has 3 frames: only pictures that do not move can be compared.",
      },
    ],
  ];
  for (const [picture, problem] of refused)
    await expect(score(original, await picture)).rejects.toMatchObject(problem);
  await expect(score(Buffer.from("no image"), original)).rejects.toMatchObject({
    detail: expect.stringMatching(/^one: /),
  });
});

test("two images that would need more memory than a job may are refused before they are decoded", async () => {
  const small = createPool({ ...patient, memoryBytes: LEAST_BYTES });
  const large = await quarters(2_400, 2_400).png().toBuffer();
  await expect(small.score(large, large, { signal })).rejects.toMatchObject({
    code: "impossible-variant",
    detail: expect.stringMatching(
      /^Comparing the two would need \d+ MiB of memory; the limit for an image is \d+ MiB/,
    ),
  });
  expect(small.stats().spawned).toBe(0);
  small.close();
});

test("a score is made in the warm lane", async () => {
  const original = await photo(64, 48).jpeg().toBuffer();
  const own = createPool(patient);
  await own.score(original, original, { signal });
  expect(own.stats().lanes).toMatchObject({ live: { children: 0 }, warm: { children: 1 } });
  own.close();
});
