import sharp, { type Sharp } from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { animation, photo } from "../../test/support/pictures.ts";
import type { Encoded, Output } from "../encoder.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const pool = createPool(patient);
afterAll(() => pool.close());
const { signal } = new AbortController();

async function encodeAll(original: Uint8Array, outputs: readonly Partial<Output>[]): Promise<Encoded[]> {
  const made: Encoded[] = [];
  const left = outputs.map((output) => ({ class: "png", quality: 100, ...output }) as const);
  while (made.length < left.length)
    for await (const one of pool.encode(original, left.slice(made.length), { lane: "live", signal }))
      made.push(one);
  return made;
}

async function encode(original: Uint8Array, output: Partial<Output>): Promise<Encoded> {
  const [made] = await encodeAll(original, [output]);
  if (made === undefined) throw new Error("nothing was made");
  return made;
}

/** Red grows from left to right and green from top to bottom, so that a pixel's colour gives its place. */
function map(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      pixels[at] = Math.round((255 * (x + 0.5)) / width);
      pixels[at + 1] = Math.round((255 * (y + 0.5)) / height);
    }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** The part of a map that a picture shows, in per cent of its width and height: left, top, right, bottom. */
async function partOf(body: Uint8Array, page = 0): Promise<number[]> {
  const image = sharp(body, { page }).toColourspace("srgb").removeAlpha().raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const [red = 0, green = 0] = data;
  const last = (info.width * info.height - 1) * info.channels;
  // Half a pixel from the edge of the part to the middle of its outermost pixel.
  const [halfX, halfY] = [50 * ((data[last] ?? 0) - red), 50 * ((data[last + 1] ?? 0) - green)];
  const [x, y] = [halfX / 255 / Math.max(1, info.width - 1), halfY / 255 / Math.max(1, info.height - 1)];
  const percent = (value: number) => (100 * value) / 255;
  return [
    ...[percent(red) - x, percent(green) - y],
    ...[percent(data[last] ?? 0) + x, percent(data[last + 1] ?? 0) + y],
  ];
}

/** A tolerance of 1.5 %, for JPEG, scaling and rounding to pixels. */
function expectPart(found: readonly number[], expected: readonly number[], about = ""): void {
  const off = found.map((value, at) => Math.abs(value - (expected[at] ?? Number.NaN)));
  expect([about, Math.max(...off) < 1.5 ? expected : found]).toEqual([about, expected]);
}

describe("a crop", () => {
  test("a crop has its focus in its middle, or as near as the image allows", async () => {
    const original = await map(400, 200).png().toBuffer();
    const outputs = (
      [
        [undefined, [25, 0, 75, 100]],
        ["50,50", [25, 0, 75, 100]],
        ["40,90", [15, 0, 65, 100]],
        ["0,0", [0, 0, 50, 100]],
        ["100,100", [50, 0, 100, 100]],
        ["100,0", [50, 0, 100, 100]],
        ["0,100", [0, 0, 50, 100]],
        ["76,1", [50, 0, 100, 100]],
      ] as const
    ).map(([focus, part]) => ({
      part,
      output: { ratio: "1:1", width: 100, ...(focus && { focus }) } as const,
    }));
    const made = await encodeAll(
      original,
      outputs.map(({ output }) => output),
    );
    for (const [at, { part, output }] of outputs.entries()) {
      const { body = new Uint8Array(), width, height } = made[at] ?? {};
      expect([width, height]).toEqual([100, 100]);
      expectPart(await partOf(body), part, output.focus);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "a crop is of the upright image: EXIF orientation %i",
    async (orientation) => {
      const turned = await map(320, 160).jpeg({ quality: 100 }).withMetadata({ orientation }).toBuffer();
      const upright = await sharp(turned).autoOrient().png().toBuffer();
      const { width: whole = 0, height: high = 0 } = await sharp(upright).metadata();
      expect(whole > high).toBe(orientation < 5);
      for (const [ratio, width, size] of [
        ["1:1", 80, [80, 80]],
        ["5:2", 100, [100, 40]],
        ["2:5", 40, [40, 100]],
      ] as const)
        for (const focus of ["0,0", "100,100", "30,70"] as const) {
          const made = await encode(turned, { ratio, width, focus });
          expect([made.width, made.height]).toEqual(size);
          const [across = 0, down = 0] = ratio.split(":").map(Number);
          const part = {
            width: Math.min(whole, (high * across) / down),
            height: Math.min(high, (whole * down) / across),
          };
          const [x = 0, y = 0] = focus.split(",").map(Number);
          const [left, top] = [
            Math.min(whole - part.width, Math.max(0, (whole * x) / 100 - part.width / 2)),
            Math.min(high - part.height, Math.max(0, (high * y) / 100 - part.height / 2)),
          ].map(Math.round);
          const expected = await sharp(upright)
            .extract({
              left: left ?? 0,
              top: top ?? 0,
              width: Math.round(part.width),
              height: Math.round(part.height),
            })
            .resize(made.width, made.height, { fit: "fill" })
            .png()
            .toBuffer();
          expect(await difference(made.body, expected)).toBeLessThan(4);
        }
    },
  );

  test("a crop is never enlarged, has its ratio by rounding, and works for images with few pixels", async () => {
    const originals = {
      "64 × 48": map(64, 48),
      "48 × 64": map(48, 64),
      "1 × 1": map(1, 1),
      "7 × 3": map(7, 3),
    };
    for (const [name, ratio, width, size] of [
      ["64 × 48", "4:3", 3840, [64, 48]],
      ["64 × 48", "16:9", 3840, [64, 36]],
      ["64 × 48", "16:9", undefined, [64, 36]],
      ["64 × 48", "1:5", 3840, [9, 45]],
      ["64 × 48", "40:21", 33, [33, 17]],
      ["64 × 48", "4:3", 30, [30, 23]],
      ["64 × 48", "4:3", 33, [33, 25]],
      ["64 × 48", "1:1", 1, [1, 1]],
      ["64 × 48", "5:1", 2, [2, 1]],
      ["48 × 64", "4:3", 3840, [48, 36]],
      ["48 × 64", "5:1", undefined, [48, 10]],
      ["1 × 1", "5:1", 100, [1, 1]],
      ["1 × 1", "1:5", undefined, [1, 1]],
      ["7 × 3", "1:5", undefined, [1, 3]],
      ["7 × 3", "1:1", 2, [2, 2]],
      ["7 × 3", "5:1", undefined, [7, 1]],
    ] as const) {
      const original = await originals[name].png().toBuffer();
      const made = await encode(original, { ratio, focus: "100,0", ...(width && { width }) });
      expect([name, ratio, width, made.width, made.height]).toEqual([name, ratio, width, ...size]);
      const { width: x, height: y } = await sharp(made.body).metadata();
      expect([name, ratio, width, x, y]).toEqual([name, ratio, width, ...size]);
    }
  });

  test("a crop to the image's own ratio is the same file as without", async () => {
    const original = await photo(640, 480).jpeg().toBuffer();
    for (const of of ["jpg", "webp", "avif"] as const)
      for (const size of [{}, { width: 320 }, { width: 100 }]) {
        const output = { class: of, quality: 60, ...size };
        const [plain, cropped] = await encodeAll(original, [
          output,
          { ...output, ratio: "4:3", focus: "0,0" },
        ]);
        expect(Buffer.from(cropped?.body ?? []).equals(Buffer.from(plain?.body ?? [0]))).toBe(true);
      }
  });

  test("a crop in a job with many outputs has its own width, ratio and focus", async () => {
    const original = await map(300, 200).png().toBuffer();
    const parts = [
      [{}, [0, 0, 100, 100]],
      [{ ratio: "1:1" }, [16.7, 0, 83.3, 100]],
      [{ ratio: "1:1", focus: "0,50" }, [0, 0, 66.7, 100]],
      [{ ratio: "2:3" }, [27.8, 0, 72.2, 100]],
      [{ ratio: "2:1", focus: "50,100" }, [0, 25, 100, 100]],
    ] as const;
    const outputs = (["png", "webp"] as const).flatMap((of) =>
      parts.map(([crop]) => ({ ...crop, class: of, width: 60 })),
    );
    const made = await encodeAll(original, outputs);
    for (const [at, { body }] of made.entries())
      expectPart(await partOf(body), parts[at % parts.length]?.[1] ?? [], JSON.stringify(outputs[at]));
  });

  test("a crop of an animation has all its frames, also as GIF", async () => {
    const frames = await Promise.all(
      [0, 1, 2].map((turn) =>
        map(120, 60)
          .modulate({ brightness: 1 - turn / 20 })
          .png()
          .toBuffer(),
      ),
    );
    for (const type of ["gif", "webp"] as const) {
      const original = await sharp(frames, { join: { animated: true } })
        .toFormat(type, { delay: [100, 110, 120] })
        .toBuffer();
      for (const of of ["auto", "auto-w"] as const) {
        const made = await encode(original, {
          class: of,
          quality: 80,
          width: 40,
          ratio: "1:1",
          focus: "100,50",
        });
        const { format, pages, width, pageHeight, delay } = await sharp(made.body, {
          animated: true,
        }).metadata();
        expect([type, format, pages, width, pageHeight, delay]).toEqual([
          ...[type, of === "auto" ? "gif" : "webp", 3, 40, 40],
          [100, 110, 120],
        ]);
        expect([made.width, made.height]).toEqual([40, 40]);
        for (const page of [0, 2]) {
          const [left = 0, top = 0] = await partOf(made.body, page);
          // A palette and half the colour.
          expect([left > 40, top < 12]).toEqual([true, true]);
        }
      }
    }
  });

  test("a crop of a GIF to its own ratio is the file itself if its reader cannot show anything else", async () => {
    const gif = await animation("gif", 3);
    const plain = await encode(gif, { class: "auto", quality: 75 });
    const shaped = await encode(gif, { class: "auto", quality: 75, ratio: "4:3" });
    expect(Buffer.from(shaped.body).equals(Buffer.from(plain.body))).toBe(true);
  });

  test("a crop of a wide image is cut out before its pixels are kept", async () => {
    const original = await map(4000, 40).jpeg().toBuffer();
    const made = await encode(original, { class: "jpg", quality: 80, ratio: "1:5", focus: "75,50" });
    expect([made.width, made.height]).toEqual([8, 40]);
    const [left = 0] = await partOf(made.body);
    expect(Math.abs(left - 75)).toBeLessThan(1.5);
  });
});

/** Mean difference of two pictures' channels, 0 to 255. */
async function difference(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([one, other].map((body) => sharp(body).removeAlpha().raw().toBuffer()));
  if (a === undefined || b === undefined || a.length !== b.length) throw new Error("not of one size");
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}
