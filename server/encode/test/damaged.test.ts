import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type JpegOptions, type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

const pool = createPool(patient);
afterAll(() => pool.close());

/** How much of it exists in percent, or why it is refused. */
async function wholeOf(original: Uint8Array): Promise<number | string> {
  const work = { lane: "live", signal: new AbortController().signal } as const;
  return pool.describe(original, work).then(
    ({ whole }) => whole,
    (error: { readonly detail?: string }) => `${error.detail}`,
  );
}

const EOI = Buffer.from([0xff, 0xd9]);
const part = (file: Buffer, share = 0.6): Buffer => file.subarray(0, Math.floor(file.length * share));
const zeroed = (file: Buffer, share: number, bytes: number): Buffer => {
  const from = Math.floor(file.length * share);
  return Buffer.from(file).fill(0, from, Math.min(file.length, from + bytes));
};

const made = new Map<string, Buffer>();
const file = (name: string): Buffer => made.get(name) ?? Buffer.alloc(0);

beforeAll(async () => {
  const picture = photo(240, 180);
  const jpeg = (options: JpegOptions) => picture.clone().jpeg({ quality: 90, ...options });
  made.set("baseline", await jpeg({}).toBuffer());
  made.set("4:4:4", await jpeg({ chromaSubsampling: "4:4:4", optimiseCoding: true }).toBuffer());
  made.set("grey", await picture.clone().greyscale().jpeg({ quality: 90 }).toBuffer());
  made.set("CMYK", await picture.clone().toColourspace("cmyk").jpeg({ quality: 90 }).toBuffer());
  made.set("progressive", await jpeg({ progressive: true }).toBuffer());
  made.set("mozjpeg", await jpeg({ mozjpeg: true }).toBuffer());
  // Those of a camera's JPEG, and of most programs: zeros are a pattern in them, not a flat block.
  made.set("standard tables", await jpeg({ optimiseCoding: false }).toBuffer());
  made.set("restarts", withRestarts(file("baseline")));
  made.set("png", await picture.clone().png().toBuffer());
  made.set("interlaced png", await picture.clone().png({ progressive: true }).toBuffer());
  made.set("webp", await picture.clone().webp().toBuffer());
  made.set("lossless webp", await picture.clone().webp({ lossless: true }).toBuffer());
  made.set("avif", await picture.clone().avif({ effort: 0 }).toBuffer());
  made.set("gif", await picture.clone().gif({ effort: 1 }).toBuffer());
  const frames = await Promise.all(
    [picture, picture.clone().negate()].map((one) => one.clone().png().toBuffer()),
  );
  made.set(
    "animated gif",
    await sharp(frames, { join: { animated: true } })
      .gif({ effort: 1 })
      .toBuffer(),
  );
});

/** Restart markers change the entropy coding, which needs a coder: only a file that says it has an interval longer than itself. */
function withRestarts(jpeg: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xdd, 0, 4, 0xff, 0xff]), jpeg.subarray(2)]);
}

const jpegs = ["baseline", "4:4:4", "grey", "CMYK", "progressive", "mozjpeg", "standard tables", "restarts"];

describe("a JPEG", () => {
  test.each(jpegs)("of which nothing is missing (%s) is whole, whatever follows it", async (name) => {
    const whole = file(name);
    for (const good of [
      whole,
      Buffer.concat([whole, Buffer.alloc(5_000), whole]),
      whole.subarray(0, -2),
      Buffer.concat([whole.subarray(0, -2), Buffer.alloc(200)]),
      Buffer.concat([whole.subarray(0, -2), Buffer.alloc(40, 0xff), EOI]),
    ])
      expect(await wholeOf(good)).toBe(100);
  });

  test.each(jpegs)("that was cut off (%s) ends there, also with a new end or with zeros", async (name) => {
    const cut = part(file(name));
    const withEnd = await wholeOf(Buffer.concat([cut, EOI]));
    expect(withEnd).toBeLessThan(100);
    const withZeros = await wholeOf(Buffer.concat([cut, Buffer.alloc(4_096), EOI]));
    expect(Math.abs(Number(withZeros) - Number(withEnd))).toBeLessThanOrEqual(8);
    expect(await wholeOf(cut)).toBe(
      `The original is cut off: its picture ends at ${withEnd} %. Upload it again.`,
    );
  });

  test("the share is that of its rows", async () => {
    const half = sharp(Buffer.concat([part(file("baseline")), EOI]), { failOn: "none" });
    const { data, info } = await half.greyscale().raw().toBuffer({ resolveWithObject: true });
    const row = (at: number) => data.subarray(at * info.width, (at + 1) * info.width);
    let rows = info.height;
    while (rows > 0 && row(rows - 1).every((value) => Math.abs(value - 128) < 2)) rows--;
    const percent = Number(await wholeOf(Buffer.concat([part(file("baseline")), EOI])));
    expect(Math.abs(percent - (100 * rows) / info.height)).toBeLessThan(10);
  });

  test.each(jpegs)(
    "with a hole of zeros (%s) ends at the hole, although its decoder gives no warning",
    async (name) => {
      const percent = await wholeOf(zeroed(file(name), 0.5, 2_048));
      expect(percent).not.toBe(100);
    },
  );

  test("with a hole of zeros ends there, also where by chance they are as many blocks as were lost", async () => {
    const whole = file("standard tables");
    const missed: number[] = [];
    for (let at = 800; at < 4_000; at += 32)
      if ((await wholeOf(zeroed(whole, at / whole.length, 512))) === 100) missed.push(at);
    expect(missed).toEqual([]);
  });

  test("a drawn gradient has sectors of zeros, and is whole", async () => {
    const diagonal: Colour = (x, y) => [1 - (x + y) / 2, 1 - (x + y) / 2, (x + y) / 2];
    const jpeg = await drawn(2_048, 2_048, diagonal).jpeg({ quality: 90, mozjpeg: true }).toBuffer();
    expect([jpeg.includes(Buffer.alloc(512)), await wholeOf(jpeg)]).toEqual([true, 100]);
  });

  test("without its last scans is blurred, and so not whole", async () => {
    for (const name of ["progressive", "mozjpeg"]) {
      const last = file(name).lastIndexOf(Buffer.from([0xff, 0xda]));
      expect(await wholeOf(Buffer.concat([file(name).subarray(0, last), EOI]))).toBe(0);
    }
  });
});

describe("other formats", () => {
  test.each(["png", "interlaced png", "webp", "lossless webp", "avif", "gif", "animated gif"])(
    "%s: a whole one is whole, and one that was cut off is not",
    async (name) => {
      expect(await wholeOf(file(name))).toBe(100);
      const cut = await wholeOf(part(file(name)));
      expect(cut).not.toBe(100);
      if (typeof cut === "string")
        expect(cut).toMatch(/^The original is cut off: its picture ends at \d+ %\./);
    },
  );

  test("a lossless WebP with zeros instead of pixels ends there", async () => {
    expect(await wholeOf(zeroed(file("lossless webp"), 0.5, 2 ** 20))).toBe(50);
  });

  test("a lossy WebP with zeros instead of pixels ends there, where libwebp does not refuse it", async () => {
    const webp = file("webp");
    const found: (number | string)[] = [];
    for (const share of [0.3, 0.4, 0.5, 0.6]) found.push(await wholeOf(zeroed(webp, share, 512)));
    expect(found).not.toContain(100);
    expect(found).toContain(50);
  });

  test("a drawing in a WebP can have sectors of zeros, and is whole", async () => {
    const downward: Colour = (_, y) => [1 - y, 1 - y, 1 - y];
    const webp = await drawn(4_096, 64, downward).webp({ lossless: true, effort: 0 }).toBuffer();
    expect([webp.includes(Buffer.alloc(512)), await wholeOf(webp)]).toEqual([true, 100]);
  });

  test("an end marker does not complete a GIF", async () => {
    const cut = Buffer.concat([part(file("gif")), Buffer.from([0, 0x3b])]);
    expect(await wholeOf(cut)).not.toBe(100);
    expect(await wholeOf(file("gif").subarray(0, -1))).toBe(100);
  });

  test("a PNG is damaged where both its checksums are wrong, and whole where one is", async () => {
    const [rows, columns] = [64, 64];
    const pixels = Buffer.alloc(rows * (1 + columns), 7);
    for (let row = 0; row < rows; row++) pixels[row * (1 + columns)] = 0;
    const stored = deflateSync(pixels, { level: 0 });
    const damagedStream = Buffer.from(stored).fill(99, 2_000, 2_010);
    expect(await wholeOf(greyPng(columns, rows, stored))).toBe(100);
    expect(await wholeOf(greyPng(columns, rows, stored, 1))).toBe(100);
    expect(await wholeOf(greyPng(columns, rows, damagedStream, 1))).toBeLessThan(100);
  });

  test("an animated PNG with zeros in a later frame has the frames before it", async () => {
    const apng = await readFile(join(import.meta.dirname, "../../test/fixtures/apng.png"));
    const last = apng.lastIndexOf("fdAT", undefined, "latin1") + 8;
    const frames = apng.readUInt32BE(apng.indexOf("acTL", 0, "latin1") + 4);
    expect(await wholeOf(apng)).toBe(100);
    const bytes = apng.readUInt32BE(last - 12) - 4;
    const hole = Buffer.from(apng).fill(0, last + Math.floor(bytes / 4), last + bytes);
    expect(await wholeOf(hole)).toBe(Math.floor((100 * (frames - 1)) / frames));
    const wrongChecksum = Buffer.from(apng).fill(1, last + bytes, last + bytes + 4);
    expect(await wholeOf(wrongChecksum)).toBe(100);
  });

  test("an SVG without the end of its root element is not whole", async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="4" height="4"/></svg>\n';
    expect(await wholeOf(Buffer.from(svg))).toBe(100);
    expect(await wholeOf(Buffer.from(svg.slice(0, -9)))).toBe(0);
    expect(await wholeOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9"/>'))).toBe(100);
  });
});

/** From one share of the picture, 0 to 1 from the left and from above, to its colour's three channels, 0 to 1. */
type Colour = (x: number, y: number) => readonly [number, number, number];

function drawn(width: number, height: number, colour: Colour): Sharp {
  const pixels = new Uint8Array(3 * width * height);
  for (let at = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3)
      pixels.set(
        colour(x / width, y / height).map((value) => Math.floor(255 * value)),
        at,
      );
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** @param wrong is added to the checksum of the chunk with the pixels. */
function greyPng(width: number, height: number, stream: Buffer, wrong = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const chunk = (type: string, data: Buffer, off = 0) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE((crc32(body) + off) >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", stream, wrong),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
