import sharp from "sharp";
import { expect, test } from "vitest";
import { animation, photo } from "../../test/support/pictures.ts";
import { readSize } from "../dimensions.ts";
import { SNIFF_BYTES, sniff } from "../sniff.ts";

const sizeOf = (bytes: Uint8Array) => readSize(sniff(bytes).type, bytes.subarray(0, SNIFF_BYTES));

test.each([
  ["JPEG", () => photo(301, 203).jpeg().toBuffer()],
  ["progressive JPEG", () => photo(301, 203).jpeg({ progressive: true, mozjpeg: true }).toBuffer()],
  ["JPEG with EXIF and profile", () => photo(301, 203).withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ["PNG", () => photo(301, 203).png().toBuffer()],
  ["WebP", () => photo(301, 203).webp().toBuffer()],
  ["lossless WebP", () => photo(301, 203).webp({ lossless: true }).toBuffer()],
  ["WebP with alpha", () => photo(301, 203).ensureAlpha(0.5).webp().toBuffer()],
  ["AVIF", () => photo(301, 203).avif({ effort: 0 }).toBuffer()],
  ["AVIF with alpha", () => photo(301, 203).ensureAlpha(0.5).avif({ effort: 0 }).toBuffer()],
  ["GIF", () => animation("gif", 2, 301, 203)],
  ["animated WebP", () => animation("webp", 2, 301, 203)],
])("the size of a %s is found in its header", async (_, make) => {
  expect(sizeOf(await make())).toEqual({ width: 301, height: 203 });
});

test("a header that is cut anywhere, or other data, gives no size or a number, and never throws", async () => {
  const whole = await sharp({ create: { width: 40, height: 30, channels: 3, background: "#369" } })
    .jpeg()
    .toBuffer();
  for (let length = 0; length < whole.length; length++) {
    const size = readSize("image/jpeg", whole.subarray(0, length));
    if (size !== undefined) expect(size).toEqual({ width: 40, height: 30 });
  }
  for (const type of ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "text/html"])
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.from("ispe")])
      expect(() => readSize(type, bytes)).not.toThrow();
});
