import { readFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import type { VariantClass } from "../../../contract/formats.ts";
import { animation, photo, quarters } from "../../test/support/pictures.ts";
import { losslessPlans } from "../child/plan.ts";
import type { Encoded, Lane, Output } from "../encoder.ts";
import { createPool } from "../pool/pool.ts";
import { patient } from "./patient.ts";

// One slot: an encoder has one thread, and the same bytes each time.
const pool = createPool({ ...patient, slots: { live: 1, warm: 1 } });
afterAll(() => pool.close());

async function encode(
  original: Uint8Array,
  output: Partial<Output> = {},
  options: { readonly lane?: Lane; readonly effort?: number } = {},
): Promise<Encoded> {
  const asked: Output = { class: "png", quality: 100, ...output };
  const signal = new AbortController().signal;
  for await (const encoded of pool.encode(original, [asked], { lane: "live", signal, ...options }))
    return encoded;
  throw new Error("nothing was made");
}

/** Mean difference of two pictures' channels, 0 to 255. */
async function difference(one: Uint8Array | Sharp, other: Uint8Array | Sharp): Promise<number> {
  const pixels = async (image: Uint8Array | Sharp) =>
    (image instanceof Uint8Array ? sharp(image) : image.clone())
      .toColourspace("srgb")
      .removeAlpha()
      .raw()
      .toBuffer();
  const [a, b] = [await pixels(one), await pixels(other)];
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}

/** Colour of the middle of each quarter, row by row. */
async function cornersOf(body: Uint8Array): Promise<string[]> {
  const { data, info } = await sharp(body).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3;
      return [...data.subarray(at, at + 3)].map((channel) => (channel > 127 ? 1 : 0)).join("");
    }),
  );
}

const red = "100";
const green = "010";
const blue = "001";
const white = "111";

describe("JPEG", () => {
  test.each([
    [1, [red, green, blue, white]],
    [2, [green, red, white, blue]],
    [3, [white, blue, green, red]],
    [4, [blue, white, red, green]],
    [5, [red, blue, green, white]],
    [6, [blue, red, white, green]],
    [7, [white, green, blue, red]],
    [8, [green, white, red, blue]],
  ])("a JPEG with EXIF orientation %i is upright", async (orientation, corners) => {
    const original = await quarters(80, 40).jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
    const { body, width, height } = await encode(original, { width: 20 });
    expect(await cornersOf(body)).toEqual(corners);
    expect([width, height]).toEqual(orientation < 5 ? [20, 10] : [20, 40]);
    expect((await sharp(body).metadata()).orientation).toBeUndefined();
  });

  test("a WebP or PNG with EXIF orientation 6 is upright too", async () => {
    for (const format of ["webp", "png"] as const) {
      const original = await quarters(80, 40).toFormat(format).withMetadata({ orientation: 6 }).toBuffer();
      const { body, width, height } = await encode(original, { width: 20 });
      expect([await cornersOf(body), width, height], format).toEqual([[blue, red, white, green], 20, 40]);
    }
  });

  test("a JPEG in CMYK has the colours of the screen", async () => {
    const original = await photo(120, 80).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(original).metadata()).space).toBe("cmyk");
    // Print lacks some colours of a screen, so there is a difference; that of an inverted picture would be a hundred.
    expect(await difference((await encode(original)).body, photo(120, 80))).toBeLessThan(12);
    const jpeg = await encode(original, { class: "jpg", quality: 80 });
    expect((await sharp(jpeg.body).metadata()).space).toBe("srgb");
  });

  test("a grey JPEG stays grey, in every format", async () => {
    const original = await photo(120, 80).grayscale().jpeg({ quality: 95 }).toBuffer();
    for (const format of ["jpg", "webp", "avif", "png"] as const) {
      const { body } = await encode(original, { class: format, quality: 90 });
      expect(await difference(body, original), format).toBeLessThan(4);
    }
  });

  test("a progressive JPEG, and one with a gain map, keep their look", async () => {
    const original = await photo(120, 80).jpeg({ quality: 95, progressive: true }).toBuffer();
    expect(await difference((await encode(original)).body, original)).toBe(0);
    // A gain map is a second JPEG after the first; readers without HDR ignore it.
    const withMap = Buffer.concat([original, await photo(60, 40).jpeg().toBuffer()]);
    expect(await difference((await encode(withMap)).body, original)).toBe(0);
  });

  test("a JPEG with a wide profile is converted to sRGB, and its metadata is removed", async () => {
    const original = await photo(120, 80)
      .withIccProfile("p3")
      .withExif({
        IFD0: { Copyright: "Ann", Model: "Camera" },
        IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" },
      })
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await sharp(original).metadata()).icc).toBeDefined();
    for (const format of ["jpg", "webp", "avif", "png"] as const) {
      const { body } = await encode(original, { class: format, quality: 95 });
      const { icc, exif, xmp } = await sharp(body).metadata();
      expect({ icc, exif, xmp }, format).toEqual({});
      expect(Buffer.from(body).includes("Exif"), format).toBe(false);
      expect(await difference(body, photo(120, 80)), format).toBeLessThan(6);
    }
  });
});

describe("PNG", () => {
  test("a PNG with a palette keeps its colours", async () => {
    const original = await quarters(80, 40).png({ palette: true }).toBuffer();
    expect(await cornersOf((await encode(original, { class: "webp" })).body)).toEqual([
      red,
      green,
      blue,
      white,
    ]);
  });

  test("a PNG with 16 bits a channel keeps its colours", async () => {
    const original = await photo(120, 80).toColourspace("rgb16").png().toBuffer();
    expect((await sharp(original).metadata()).depth).toBe("ushort");
    for (const format of ["jpg", "webp", "avif", "png"] as const) {
      const { body } = await encode(original, { class: format, quality: 90 });
      expect(await difference(body, photo(120, 80)), format).toBeLessThan(6);
    }
    expect((await sharp((await encode(original)).body).metadata()).depth).toBe("uchar");
  });

  test("a PNG with alpha keeps it, and is on white as JPEG", async () => {
    const original = await sharp({
      create: { width: 40, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    })
      .png()
      .toBuffer();
    for (const format of ["auto", "auto-w", "auto-a", "png"] as const) {
      const { body, contentType } = await encode(original, { class: format, quality: 90 });
      const { data } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
      expect(Math.abs((data[3] ?? 0) - 128), contentType).toBeLessThan(4);
      expect(Math.abs((data[0] ?? 0) - 255), contentType).toBeLessThan(6);
    }
    const { body } = await encode(original, { class: "jpg", quality: 90 });
    const [r = 0, g = 0, b = 0] = await sharp(body).raw().toBuffer();
    expect(Math.max(Math.abs(r - 255), Math.abs(g - 127), Math.abs(b - 127))).toBeLessThan(6);
  });

  test("a PNG with an opaque alpha channel becomes JPEG like any photograph", async () => {
    const original = await photo(120, 80).ensureAlpha(1).png().toBuffer();
    expect((await encode(original, { class: "auto", quality: 60 })).contentType).toBe("image/jpeg");
    const { body } = await encode(original, { class: "avif", quality: 60 });
    expect((await sharp(body).metadata()).hasAlpha).toBe(false);
  });
});

describe("animations", () => {
  test.each(["gif", "webp"] as const)(
    "an animated %s becomes an animated WebP with all frames, at the requested width",
    async (type) => {
      const original = await animation(type, 4, 40, 30);
      const { body, width, height, contentType } = await encode(original, {
        class: "auto-w",
        quality: 80,
        width: 20,
      });
      expect({ contentType, width, height }).toEqual({ contentType: "image/webp", width: 20, height: 15 });
      const made = await sharp(body, { animated: true }).metadata();
      expect(made).toMatchObject({ pages: 4, width: 20, pageHeight: 15 });
      expect(made.delay).toEqual((await sharp(original, { animated: true }).metadata()).delay);
    },
  );

  test("an animated WebP is a GIF for readers without WebP, and its first frame in an explicit format", async () => {
    const original = await animation("webp", 3);
    const gif = await encode(original, { class: "auto", quality: 80 });
    expect(gif.contentType).toBe("image/gif");
    expect((await sharp(gif.body).metadata()).pages).toBe(3);
    for (const format of ["jpg", "png", "avif"] as const) {
      const { body, contentType } = await encode(original, { class: format, quality: 80 });
      expect((await sharp(body).metadata()).pages ?? 1, contentType).toBe(1);
    }
  });

  test("a GIF with one frame is an image like others", async () => {
    const original = await quarters(80, 40).gif().toBuffer();
    expect((await encode(original, { class: "auto-w" })).contentType).toBe("image/webp");
    expect(["image/jpeg", "image/png"]).toContain((await encode(original, { class: "auto" })).contentType);
  });
});

test("originals can be AVIF and WebP", async () => {
  for (const original of [
    await photo(120, 80).avif({ quality: 90, effort: 0 }).toBuffer(),
    await photo(120, 80).webp({ quality: 95 }).toBuffer(),
  ])
    expect(await difference((await encode(original)).body, original)).toBeLessThan(1);
});

test("no image is enlarged", async () => {
  const original = await photo(120, 80).jpeg().toBuffer();
  expect(await encode(original, { width: 3_840 })).toMatchObject({ width: 120, height: 80 });
});

describe("sizes above the limit of a format", () => {
  test("an image that is too large for WebP gets the next format", async () => {
    const original = await sharp({ create: { width: 20_000, height: 4, channels: 3, background: "#369" } })
      .png()
      .toBuffer();
    expect((await encode(original, { class: "auto-aw", quality: 50 })).contentType).toBe("image/jpeg");
    expect((await encode(original, { class: "auto-aw", quality: 50 })).substitute).toBe(false);
    await expect(encode(original, { class: "webp", quality: 50 })).rejects.toMatchObject({
      code: "impossible-variant",
      detail: expect.stringContaining("20000×4"),
    });
  });

  test("a lossless attempt keeps to the limits of its own format", () => {
    const plan = {
      asked: "auto-aw",
      choice: { format: "avif", substitute: false },
      lossless: false,
      effortOf: () => 4,
    } as const;
    expect(losslessPlans({ ...plan, width: 100, height: 16_383 })).toHaveLength(1);
    expect(losslessPlans({ ...plan, width: 100, height: 16_384 })).toHaveLength(0);
  });
});

test("a live AVIF above four megapixels is WebP for now, and an AVIF after a warm-up", async () => {
  const original = await sharp({ create: { width: 2_500, height: 2_000, channels: 3, background: "#369" } })
    .jpeg()
    .toBuffer();
  expect(await encode(original, { class: "auto-aw", quality: 50 })).toMatchObject({
    contentType: "image/webp",
    substitute: true,
  });
  expect(await encode(original, { class: "auto-a", quality: 50 })).toMatchObject({
    contentType: "image/jpeg",
    substitute: true,
  });
  expect(await encode(original, { class: "avif", quality: 50 })).toMatchObject({ contentType: "image/avif" });
  const signal = new AbortController().signal;
  for await (const made of pool.encode(original, [{ class: "auto-aw", quality: 50 }], {
    lane: "warm",
    signal,
  }))
    expect(made).toMatchObject({ contentType: "image/avif", substitute: false });
});

describe("SVG", () => {
  /** A chart: bars and lines in five colours. */
  const chart = (width: number, height: number) =>
    sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>
        ${[1, 2, 3, 4, 5].map((bar) => `<rect x="${bar * 60}" y="${300 - bar * 40}" width="30" height="${bar * 40}" fill="#36${bar}"/>`).join("")}
        <path d="M10 10V300H390" stroke="#111" fill="none"/></svg>`,
      ),
    );

  test("a drawing is lossless if that is smaller, so its edges are not blurred", async () => {
    const original = await chart(400, 320).png().toBuffer();
    for (const [asked, type] of [
      ["auto-w", "image/webp"],
      ["auto-aw", "image/webp"],
      ["auto", "image/png"],
    ] as const) {
      const { body, contentType } = await encode(original, { class: asked, quality: 50 });
      expect(contentType, asked).toBe(type);
      expect(await difference(body, original), asked).toBe(0);
    }
    // A palette can be smaller still, and keeps edges too.
    const { body } = await encode(original, { class: "png", quality: 50 });
    expect(await difference(body, original)).toBeLessThan(1);
    expect((await encode(original, { class: "jpg", quality: 50 })).contentType).toBe("image/jpeg");
    expect((await encode(original, { class: "avif", quality: 50 })).contentType).toBe("image/avif");
  });

  test("a photograph in a PNG is treated as a photograph", async () => {
    const original = await photo(400, 320).png().toBuffer();
    const { body } = await encode(original, { class: "auto-w", quality: 50 });
    expect(await difference(body, original)).toBeGreaterThan(0);
    expect((await encode(original, { class: "auto-aw", quality: 50 })).contentType).toBe("image/avif");
    expect((await encode(original, { class: "auto", quality: 50 })).contentType).toBe("image/jpeg");
  });
});

describe("the lanes of readers and of a publish", () => {
  const original = readFileSync(new URL("score-pairs/worms.jpg", import.meta.url));

  test.each([
    ["avif", 1, 3],
    ["webp", 4, 6],
    ["jpg", 0, 1],
  ] as const)(
    "in %s readers get effort %i, and a publish effort %i for fewer bytes",
    async (format, ...efforts) => {
      const output = { class: format, quality: 60, width: 320 };
      const [live, warm] = [await encode(original, output), await encode(original, output, { lane: "warm" })];
      expect([live.effort, warm.effort]).toEqual(efforts);
      expect(warm.body.length).toBeLessThan(live.body.length);
      // A requested effort selects the settings of either lane.
      for (const made of [live, warm])
        expect((await encode(original, output, { effort: made.effort, lane: "warm" })).body).toEqual(
          made.body,
        );
    },
  );

  test("readers without AVIF get the smaller of WebP and JPEG: always from a publish, and live if the image is small", async () => {
    const types = new Set<string>();
    for (const [source, quality] of [
      [readFileSync(new URL("score-pairs/night.jpg", import.meta.url)), 60],
      [await photo(320, 240).jpeg({ quality: 95 }).toBuffer(), 80],
    ] as const)
      for (const lane of ["live", "warm"] as const) {
        const make = (of: VariantClass) => encode(source, { class: of, quality, width: 320 }, { lane });
        const [webp, jpg, best] = [await make("webp"), await make("jpg"), await make("auto-w")];
        expect(best).toEqual({ ...(jpg.body.length < webp.body.length ? jpg : webp), ms: best.ms });
        types.add(best.contentType);
      }
    expect([...types].sort()).toEqual(["image/jpeg", "image/webp"]);
  });

  test("a reader's large WebP is not compared with a JPEG", async () => {
    const large = await photo(800, 600).jpeg({ quality: 95 }).toBuffer();
    const make = (of: VariantClass) => encode(large, { class: of, quality: 80 });
    const [webp, jpg, got] = [await make("webp"), await make("jpg"), await make("auto-w")];
    expect(jpg.body.length).toBeLessThan(webp.body.length);
    expect(got.contentType).toBe("image/webp");
  });

  test("a reader's JPEG has one scan, which takes half the time; a published one has the best of many", async () => {
    const make = (lane: Lane) => encode(original, { class: "jpg", quality: 60, width: 320 }, { lane });
    const isProgressive = async (lane: Lane) =>
      (await sharp((await make(lane)).body).metadata()).isProgressive;
    expect([await isProgressive("live"), await isProgressive("warm")]).toEqual([false, true]);
  });
});

test("the edges of coloured lines in a PNG are sharp in a WebP at every q, for readers too", async () => {
  const path = (at: number) => `<path d="M0 ${at * 14}.5L160 ${at * 10}.5" stroke="#f00"/>`;
  const lines = sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120"><linearGradient id="g"><stop stop-color="#036"/><stop offset="1" stop-color="#9cf"/></linearGradient>
      <rect width="100%" height="100%" fill="url(#g)"/>${[0, 1, 2, 3, 4, 5, 6, 7].map(path).join("")}</svg>`,
    ),
  );
  const png = await lines.removeAlpha().png().toBuffer();
  const { body } = await encode(png, { class: "webp", quality: 40 });
  const plain = await sharp(png).webp({ quality: 50, effort: 4 }).toBuffer();
  const fault = (of: Uint8Array) => difference(sharp(of).grayscale(), sharp(png).grayscale());
  expect(await fault(body)).toBeLessThan(0.8 * (await fault(plain)));
});

test("a PNG with a palette is searched for until it is small", async () => {
  const text = (at: number) =>
    `<text x="230" y="${40 + at * 30}" font-size="16" fill="#${at}38">worms ${at}</text>`;
  const original = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="320"><linearGradient id="g"><stop stop-color="#036"/><stop offset="1" stop-color="#9cf"/></linearGradient>
    <rect width="100%" height="100%" fill="#fff"/><circle cx="120" cy="160" r="100" fill="url(#g)"/>${[0, 1, 2, 3, 4, 5, 6, 7].map(text).join("")}</svg>`,
  );
  const png = await sharp(original).resize({ width: 300 }).png().toBuffer();
  const { body } = await encode(png, { class: "png", quality: 60 });
  expect((await sharp(body).metadata()).isPalette).toBe(true);
  const hurried = await sharp(png).png({ palette: true, quality: 60, effort: 1 }).toBuffer();
  expect(body.length).toBeLessThan(0.8 * hurried.length);
  expect(await difference(body, png)).toBeLessThan(1);
});
