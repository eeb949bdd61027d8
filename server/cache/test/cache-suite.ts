import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Entry, SourceRecord, SourceRecords, Variant, VariantCache } from "../cache.ts";

export const variant: Variant = { key: "trips/worms.jpg", width: 800, quality: 55, class: "auto-aw" };

export function entryOf(text: string): Entry {
  const body = Buffer.from(text);
  return {
    body,
    meta: {
      validator: '"abc"',
      contentType: "image/webp",
      width: 800,
      height: 533,
      etag: `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`,
      effort: 4,
      substitute: false,
      look: 1,
      made: 1_795_000_000_000,
    },
  };
}

export const record: SourceRecord = {
  validator: '"abc"',
  bytes: 123_456,
  type: "image/jpeg",
  width: 4000,
  height: 3000,
  frames: 1,
  alpha: false,
  color: "#336699",
  placeholder: "UklGRg==",
  look: 1,
  checked: 1_795_000_000_000,
};

/** Tests that every cache must pass. */
export function testCache(create: () => Promise<VariantCache & SourceRecords>): void {
  test("an entry is read as it was written", async () => {
    const cache = await create();
    expect(await cache.read(variant)).toBeUndefined();
    expect(await cache.write(variant, entryOf("worms"))).toBe(true);
    expect(await cache.read(variant)).toEqual(entryOf("worms"));
  });

  test("the metadata of an entry is read without its body", async () => {
    const cache = await create();
    expect(await cache.readMeta(variant)).toBeUndefined();
    await cache.write(variant, entryOf("worms"));
    expect(await cache.readMeta(variant)).toEqual(entryOf("worms").meta);
  });

  test("the bytes of an entry are those of its body, and a substitute has none", async () => {
    const cache = await create();
    expect(await cache.bytesOf(variant)).toBeUndefined();
    await cache.write(variant, entryOf("worms"));
    expect(await cache.bytesOf(variant)).toBe(entryOf("worms").body.byteLength);
    const { meta, body } = entryOf("large");
    const large = { ...variant, width: 3000 };
    await cache.write(large, { meta: { ...meta, substitute: true }, body });
    expect(await cache.bytesOf(large)).toBeUndefined();
  });

  test("variants that differ in one property have different entries", async () => {
    const cache = await create();
    const { width: _, ...full } = variant;
    const variants: Variant[] = [
      variant,
      full,
      { ...variant, key: "trips/Worms.jpg" },
      { ...variant, width: 801 },
      { ...variant, quality: 56 },
      { ...variant, class: "auto-w" },
      { ...variant, ratio: "40:21" },
      { ...variant, ratio: "4:3" },
      { ...variant, ratio: "4:3", focus: "0,50" },
      { ...variant, ratio: "4:3", focus: "50,0" },
    ];
    for (const [index, one] of variants.entries()) await cache.write(one, entryOf(`body ${index}`));
    for (const [index, one] of variants.entries())
      expect(await cache.read(one)).toEqual(entryOf(`body ${index}`));
  });

  test("the last write wins", async () => {
    const cache = await create();
    await cache.write(variant, entryOf("live"));
    await cache.write(variant, entryOf("warm"));
    expect((await cache.read(variant))?.body).toEqual(Buffer.from("warm"));
  });

  test("a source entry is read as it was written", async () => {
    const cache = await create();
    expect(await cache.readRecord("worms.jpg")).toBeUndefined();
    expect(await cache.changeRecord("worms.jpg", () => record)).toBe(true);
    expect(await cache.readRecord("worms.jpg")).toEqual(record);
    const { color: _, placeholder: __, ...plain } = record;
    for (const other of [plain, { ...plain, focus: "30,70" as const }]) {
      await cache.changeRecord("worms.jpg", () => other);
      expect(await cache.readRecord("worms.jpg")).toEqual(other);
    }
  });

  test("a purge deletes a source's variants and source entry, and those of no other source", async () => {
    const cache = await create();
    await cache.write(variant, entryOf("a"));
    await cache.write({ ...variant, quality: 70 }, entryOf("b"));
    await cache.changeRecord(variant.key, () => record);
    await cache.write({ ...variant, key: "other.jpg" }, entryOf("c"));
    expect(await cache.purge(variant.key)).toBe(2);
    expect(await cache.read(variant)).toBeUndefined();
    expect(await cache.readRecord(variant.key)).toBeUndefined();
    expect(await cache.read({ ...variant, key: "other.jpg" })).toEqual(entryOf("c"));
    expect(await cache.purge("never-seen.jpg")).toBe(0);
  });
}
