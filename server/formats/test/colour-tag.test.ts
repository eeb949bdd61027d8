import sharp from "sharp";
import { expect, test } from "vitest";
import { colourCases } from "../../encode/test/colours/cases.ts";
import { fixture } from "../../encode/test/colours/tagged.ts";
import { Steps } from "../byte-reader.ts";
import { readColourTag } from "../colour/colour-tag.ts";
import { sniff } from "../sniff.ts";

async function original(name: string): Promise<Buffer> {
  return (await colourCases[name]?.()) ?? Buffer.alloc(0);
}

test("a file that is cut anywhere gives no colour tag or those that are whole", async () => {
  for (const name of [
    "PNG with cICP of P3 and iCCP of sRGB",
    "PNG with cHRM of P3 and gAMA 1.0",
    "10-bit AVIF with nclx of PQ",
  ]) {
    const whole = await original(name);
    const { type } = sniff(whole);
    const tag = readColourTag(type, whole);
    expect(tag, name).not.toEqual({});
    for (let length = 0; length < whole.length; length++)
      expect(tag).toMatchObject(readColourTag(type, whole.subarray(0, length)));
  }
});

test("the colours of an AV1 stream are read only where there is no nclx box", async () => {
  const file = await fixture("p3-stream.avif");
  expect(readColourTag("image/avif", file)).toEqual({ cicp: { primaries: 12, transfer: 13 } });
  const limited = await fixture("grey-limited.avif");
  expect(readColourTag("image/avif", limited)).toMatchObject({ grey: "limited" });
  limited.write("free", limited.indexOf("colrnclx"), "latin1");
  expect(readColourTag("image/avif", limited)).toMatchObject({ grey: "limited" });
  expect(readColourTag("image/avif", await fixture("premultiplied.avif"))).toMatchObject({
    premultiplied: true,
  });
});

test("an nclx box that belongs to another item does not count", async () => {
  const file = await original("AVIF with nclx of P3");
  const ipma = file.indexOf("ipma");
  const other = Buffer.from(file);
  other.writeUInt16BE(other.readUInt16BE(ipma + 12) + 1, ipma + 12);
  expect(readColourTag("image/avif", other)).toEqual({ cicp: { primaries: 1, transfer: 13 } });
});

test("boxes that claim millions of items, extents or references cost a bounded number of steps", async () => {
  const plain = await sharp({ create: { width: 16, height: 16, channels: 3, background: "red" } })
    .avif({ lossless: true, effort: 0 })
    .toBuffer();
  for (const type of ["iloc", "ipma", "ipco", "pitm", "iprp", "meta"]) {
    const wrong = Buffer.concat([plain, Buffer.alloc(4_096, 0xff)]);
    const at = wrong.indexOf(type);
    wrong.fill(0xff, at + 8, at + 24);
    const steps = new Steps(262_144);
    readColourTag("image/avif", wrong, steps);
    expect(steps.taken, type).toBeLessThan(263_000);
  }
  // 65,535 items of 65,535 extents of no bytes.
  const many = Buffer.from(plain);
  const iloc = many.indexOf("iloc");
  many.fill(0, iloc + 4, iloc + 10);
  many.fill(0xff, iloc + 10, iloc + 20);
  const steps = new Steps(262_144);
  readColourTag("image/avif", many, steps);
  expect(steps.taken).toBeLessThan(263_000);
});
