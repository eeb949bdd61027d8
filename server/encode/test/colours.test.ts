import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { sniff } from "../../formats/sniff.ts";
import { P3, SRGB_CURVE } from "../child/colour/colour-space.ts";
import { iccProfile } from "../child/colour/icc-profile.ts";
import { withProfile } from "../child/colour/retag.ts";
import type { Encoded, Output } from "../encoder.ts";
import { readLayout } from "../memory/layout.ts";
import { createPool } from "../pool/pool.ts";
import { colourCases } from "./colours/cases.ts";
import { readTable, recordTable } from "./colours/chromium.ts";
import { colourDifference, deltaE00 } from "./colours/delta-e.ts";
import { ACROSS, coloursOf, PATCH, patchwork } from "./colours/patches.ts";
import { withCicp } from "./colours/profiles.ts";
import { fixture } from "./colours/tagged.ts";
import { patient } from "./patient.ts";
import { chunk, withChunks } from "./png.ts";

if (process.env.COLOURS === "write") await recordTable();
const { browser, shown } = await readTable();

const pool = createPool(patient);
afterAll(() => pool.close());

async function encode(original: Uint8Array, output: Partial<Output> = {}): Promise<Encoded> {
  const asked: Output = { class: "png", quality: 100, ...output };
  const signal = new AbortController().signal;
  for await (const encoded of pool.encode(original, [asked], { lane: "live", signal })) return encoded;
  throw new Error("nothing was made");
}

/** The colours of an image's patches. */
async function patchesOf(body: Uint8Array): Promise<string[]> {
  const { data, info } = await sharp(body).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  return coloursOf(data, info.channels);
}

/** Mean and largest difference of the channels, in levels. */
function differences(made: readonly string[], wanted: readonly string[]) {
  const [one, other] = [made, wanted].map((colours) => Buffer.from(colours.join(""), "hex"));
  const all = [...(one ?? [])].map((level, at) => Math.abs(level - (other?.[at] ?? 0)));
  return { mean: all.reduce((sum, level) => sum + level, 0) / all.length, largest: Math.max(...all) };
}

/**
 * One table is too coarse at the edge of the screen's colours: where a picture says that it has no light above white. Between the steps
 * of a stored table, lcms and a browser take other values for greys.
 */
const limitsOf = (name: string) => {
  if (name.includes("203")) return { mean: 0.6, largest: 40 };
  return name.includes("of a table") ? { mean: 0.8, largest: 8 } : { mean: 0.5, largest: 4 };
};

test.each(Object.entries(colourCases))(`%s has the colours of ${browser}`, async (name, make) => {
  const made = await patchesOf((await encode(await make())).body);
  const { mean, largest } = differences(made, shown[name]?.split(" ") ?? []);
  expect(mean, made.join(" ")).toBeLessThanOrEqual(limitsOf(name).mean);
  expect(largest, made.join(" ")).toBeLessThanOrEqual(limitsOf(name).largest);
  const wanted = shown[name]?.split(" ") ?? [];
  const seen = made.map((colour, at) => colourDifference(colour, wanted[at] ?? ""));
  expect(seen.reduce((sum, one) => sum + one, 0) / seen.length, seen.join(" ")).toBeLessThanOrEqual(1);
});

// Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula" (2005), table 1.
test.each([
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, -1, 2], [50, 0, 0], 2.3669],
  [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
  [[50, 2.49, -0.001], [50, -2.49, 0.0011], 7.2195],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
] as const)("the difference of the colours %j and %j is CIE's: %d", (one, other, difference) => {
  expect(deltaE00(one, other)).toBeCloseTo(difference, 4);
});

test("greys in limited range that are multiplied by the alpha channel of an AVIF are divided from black on", async () => {
  const { body } = await encode(await fixture("premultiplied-grey-limited.avif"));
  const { data } = await sharp(body).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  expect(data[3]).toBe(128);
  // The file has the patches' luma (ITU-R BT.601).
  const patches = coloursOf(await patchwork().raw().toBuffer(), 3).map((colour) => {
    const [red = 0, green = 0, blue = 0] = Buffer.from(colour, "hex");
    const luma = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    return Buffer.from([luma, luma, luma]).toString("hex");
  });
  const { mean, largest } = differences(coloursOf(data, 4), patches);
  expect(mean).toBeLessThanOrEqual(1);
  expect(largest).toBeLessThanOrEqual(3);
});

test("colours that are multiplied by the alpha channel of an AVIF are divided by it", async () => {
  const original = await fixture("premultiplied.avif");
  const { body } = await encode(original);
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
  expect([info.channels, data[3]]).toEqual([4, 128]);
  // Half of the levels is lost in the file.
  const { mean, largest } = differences(
    coloursOf(data, 4),
    await patchesOf(await patchwork().png().toBuffer()),
  );
  expect(mean).toBeLessThanOrEqual(1);
  expect(largest).toBeLessThanOrEqual(6);
  // Scaled, the colours stay: a resize multiplies and divides them once more.
  const small = await sharp((await encode(original, { width: 12 })).body)
    .raw()
    .toBuffer();
  expect(small[3]).toBe(128);
});

test.each(["turned-alpha.avif", "turned-premultiplied.avif"])(
  "the alpha channel of %s is turned with its picture, though the file says so of the picture only",
  async (name) => {
    // As browsers show it. The picture is turned to the left; below its middle, it is half transparent before that.
    const half = ACROSS * PATCH * PATCH * (ACROSS / 2);
    const { data, info } = await patchwork(8, 4).raw().toBuffer({ resolveWithObject: true });
    for (let at = half; at < 2 * half; at++) data[4 * at + 3] = 128;
    const { width, height } = info;
    const wanted = await sharp(data, { raw: { width, height, channels: 4 } })
      .rotate(270)
      .raw()
      .toBuffer();
    const made = await sharp((await encode(await fixture(name))).body)
      .raw()
      .toBuffer();
    const away = Array.from(made, (level, at) => Math.abs(level - (wanted[at] ?? 0)));
    // Half of the levels of a multiplied colour is lost in the file.
    expect(away.reduce((sum, one) => sum + one, 0) / away.length).toBeLessThanOrEqual(1);
    expect(Math.max(...away)).toBeLessThanOrEqual(6);
  },
);

test("the memory for another copy of the file or of its pixels, and for a table of colours, is estimated", async () => {
  const retagged = await Promise.all(
    [
      "PNG without a tag",
      "PNG with cICP of P3",
      "PNG with cICP of HLG",
      "PNG with iCCP of version 4 and an odd length",
      "JPEG with the profile of P3",
      "grey JPEG with the profile of ProPhoto",
      "JPEG with a profile that names PQ",
      "AVIF with a profile that names PQ",
      "AVIF with unspecified nclx",
      "WebP with the profile of ProPhoto",
      "WebP with a profile that names PQ",
      "JPEG with a profile that names transfer 8",
    ].map(async (name) => {
      const original = (await colourCases[name]?.()) ?? Buffer.alloc(0);
      return readLayout(sniff(original).type, original)?.retagged;
    }),
  );
  expect(retagged).toEqual([
    ...["no", "profile", "table", "profile", "no", "profile", "table", "table", "no"],
    ...["no", "table", "profile"],
  ]);
  expect(readLayout("image/avif", await fixture("premultiplied.avif"))).toMatchObject({
    premultiplied: true,
  });
});

test.each(["avif", "webp", "jpg", "png"] as const)(
  "a tagged original has its colours as %s too",
  async (format) => {
    const red = withChunks(
      await sharp({ create: { width: 32, height: 32, channels: 3, background: "#dc1e1e" } })
        .png()
        .toBuffer(),
      [chunk("cICP", Buffer.from([12, 13, 0, 1]))],
    );
    const { body } = await encode(red, { class: format, quality: 90 });
    const [r = 0, g = 0, b = 0] = await sharp(body).raw().toBuffer();
    expect([r > 236, g < 5, b < 5], `${r} ${g} ${b}`).toEqual([true, true, true]);
  },
);

test("a CMYK JPEG is converted from its profile by lcms, perceptually and with its black point", async () => {
  // Not by the table of a browser, which has neither.
  const print = (isTagged: boolean) => {
    const ink = patchwork().toColourspace("cmyk");
    const tagged = isTagged ? ink.withIccProfile("cmyk") : ink;
    return tagged.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
  };
  // A profile of ink that names a space of red, green and blue.
  const named = await print(true);
  const profile = named.subarray(named.indexOf("acsp") - 36);
  withCicp(12, 8, profile).copy(profile);
  for (const original of [await print(false), await print(true), named]) {
    const wanted = await patchesOf(original);
    expect(await patchesOf((await encode(original)).body)).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(20);
  }
});

test("an AVIF whose pixels go on to the end of the file gets a profile behind them", async () => {
  const original = (await colourCases["AVIF with nclx of P3"]?.()) ?? Buffer.alloc(0);
  original.writeUInt32BE(0, original.lastIndexOf("mdat") - 4);
  const { mean } = differences(
    await patchesOf((await encode(original)).body),
    shown["AVIF with nclx of P3"]?.split(" ") ?? [],
  );
  expect(mean).toBeLessThanOrEqual(0.5);
});

test("a file that is cut, or has no place for a profile, is left as it is or gets one, and nothing else happens", async () => {
  const profile = iccProfile({ chromaticities: P3, transfer: SRGB_CURVE }, "colour");
  const avif = (await colourCases["AVIF with nclx of P3"]?.()) ?? Buffer.alloc(0);
  const jpeg = (await colourCases["JPEG with the profile of P3 in pieces"]?.()) ?? Buffer.alloc(0);
  const webp = (await colourCases["WebP with the profile of ProPhoto"]?.()) ?? Buffer.alloc(0);
  for (const file of [avif, jpeg, webp])
    for (let length = 12; length < file.length; length += 3) {
      const cut = Buffer.from(file.subarray(0, length));
      expect(withProfile(sniff(file).type, cut, profile).length).toBeGreaterThanOrEqual(length);
    }
  const full = Buffer.from(avif);
  full.writeUInt8(255, full.indexOf("ipma") + 14);
  expect(withProfile("image/avif", full, profile)).toBe(full);
});
