import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { peculiarityOf } from "../child/original/peculiar.ts";
import { type GifFrame, gifOf } from "./gifs.ts";
import { chunk } from "./png.ts";

const atEnd = atFileEnd();

let pod: Pod;
let photos: string;
beforeAll(async () => {
  const folder = await temporaryFolder(atEnd);
  photos = join(folder, "photos");
  await mkdir(photos);
  const settings = { SOURCE: photos, CACHE_DIR: join(folder, "cache"), GC_INTERVAL: "0" };
  pod = await startPod({ ...settings, ENCODERS: "1" }, undefined, atEnd);
});

/** Stores an original and requests it. */
async function ask(name: string, original: Uint8Array, query: string): Promise<Response> {
  await writeFile(join(photos, name), original);
  return fetch(`${pod.url}?img=${name}&${query}`, { headers: { accept: "image/webp" } });
}

async function statusOf(name: string, original: Uint8Array, query = "q=100&fm=png"): Promise<string> {
  const response = await ask(name, original, query);
  const said = await response.text();
  return response.status === 200 ? "200" : `${response.status} ${JSON.parse(said).code}`;
}

/** All channels of all frames, alpha included. */
async function pixelsOf(image: Uint8Array): Promise<Buffer> {
  return sharp(image, { animated: true }).toColourspace("srgb").ensureAlpha().raw().toBuffer();
}

async function shown(name: string, original: Uint8Array, query = "q=100&fm=png"): Promise<Buffer> {
  const response = await ask(name, original, query);
  expect([name, response.status]).toEqual([name, 200]);
  return Buffer.from(await response.arrayBuffer());
}

describe("a JPEG without its last bytes", () => {
  const plain = () => photo(160, 120).jpeg({ quality: 85 }).toBuffer();
  const progressive = () => photo(160, 120).jpeg({ quality: 85, progressive: true }).toBuffer();
  const without = (jpeg: Buffer, bytes: number) => jpeg.subarray(0, jpeg.length - bytes);

  test("a JPEG that lacks only its end marker has the pixels of the whole file", async () => {
    for (const [name, whole] of [
      ["plain", await plain()],
      ["progressive", await progressive()],
    ] as const) {
      const expected = await pixelsOf(whole);
      for (const [damage, bytes] of [
        ["no marker", without(whole, 2)],
        ["half a marker", without(whole, 1)],
        ["filled up", Buffer.concat([without(whole, 2), Buffer.alloc(40, 0xff)])],
      ] as const) {
        const key = `${name}-${damage.replaceAll(" ", "-")}.jpg`;
        expect([key, (await pixelsOf(await shown(key, bytes))).equals(expected)]).toEqual([key, true]);
        expect(await statusOf(key, bytes, "fm=json")).toBe("200");
      }
    }
  });

  test("a JPEG that also lacks pixels is refused", async () => {
    for (const [at, whole] of [await plain(), await progressive()].entries()) {
      expect(await statusOf(`half-${at}.jpg`, without(whole, whole.length / 2))).toBe(
        "422 unreadable-source",
      );
      expect(await statusOf(`short-${at}.jpg`, without(whole, 20))).toBe("422 unreadable-source");
    }
  });
});

describe("a PNG with wrong checksums", () => {
  /** 8 bits of red, green and blue; the rows one after the other. */
  const pngOf = (pixels: Buffer, { idat = (data: Buffer) => chunk("IDAT", data), end = "" } = {}) => {
    const header = Buffer.from([0, 0, 0, 48, 0, 0, 0, 32, 8, 2, 0, 0, 0]);
    const last = chunk("IEND", Buffer.alloc(0));
    return Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      chunk("IHDR", header),
      idat(deflateSync(pixels)),
      end === "wrong" ? broken(last) : last,
    ]);
  };
  const broken = (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
    return copy;
  };
  const rows = Buffer.concat(
    Array.from({ length: 32 }, (_, y) =>
      Buffer.from([0, ...Array.from({ length: 48 }, (_, x) => [5 * x, 7 * y, 90]).flat()]),
    ),
  );

  test("a PNG with wrong checksums is served with all of its pixels", async () => {
    const expected = await pixelsOf(pngOf(rows));
    const half = (data: Buffer) =>
      [data.subarray(0, data.length >> 1), data.subarray(data.length >> 1)] as const;
    for (const [name, png] of Object.entries({
      "pixels.png": pngOf(rows, { idat: (data) => broken(chunk("IDAT", data)) }),
      "first-of-two.png": pngOf(rows, {
        idat: (data) => Buffer.concat([broken(chunk("IDAT", half(data)[0])), chunk("IDAT", half(data)[1])]),
      }),
      "stream.png": pngOf(rows, { idat: (data) => chunk("IDAT", broken(data)) }),
      "no-stream-sum.png": pngOf(rows, { idat: (data) => chunk("IDAT", data.subarray(0, -4)) }),
      "end.png": pngOf(rows, { end: "wrong" }),
    })) {
      expect([name, (await pixelsOf(await shown(name, png))).equals(expected)]).toEqual([name, true]);
      expect([name, await statusOf(name, png, "fm=json")]).toEqual([name, "200"]);
    }
  });

  test("a PNG with wrong checksums that lacks rows is refused", async () => {
    for (const [name, png] of Object.entries({
      "cut.png": pngOf(rows).subarray(0, 120),
      "fewer-rows.png": pngOf(rows.subarray(0, rows.length / 2), {
        idat: (data) => chunk("IDAT", broken(data)),
      }),
    }))
      expect([name, await statusOf(name, png)]).toEqual([name, "422 unreadable-source"]);
  });
});

describe("a GIF", () => {
  const [width, height] = [60, 40];
  const whole = { at: [0, 0, width, height] } as const;
  const box = { at: [20, 10, 20, 20] } as const;
  /** All 256 colours are used, so that none of them is free for transparency. */
  const allColours: GifFrame = { ...box, colour: Array.from({ length: 400 }, (_, at) => at % 256) };

  /** The colours at the corner and in the middle of each frame. */
  async function framesOf(name: string, gif: Buffer): Promise<string[]> {
    const webp = await shown(name, gif, "q=100");
    const data = await pixelsOf(webp);
    const { pages = 1 } = await sharp(webp).metadata();
    expect([name, data.length]).toEqual([name, pages * width * height * 4]);
    const colour = (frame: number, x: number, y: number) => {
      const at = ((frame * height + y) * width + x) * 4;
      const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4);
      if (alpha === 0) return "clear";
      return red > 200 ? "red" : green > 200 ? "green" : blue > 200 ? "blue" : "black";
    };
    return Array.from({ length: pages }, (_, frame) => `${colour(frame, 2, 2)} ${colour(frame, 30, 20)}`);
  }

  test("a GIF whose frames do not cover the canvas is transparent there", async () => {
    expect(await framesOf("still.gif", gifOf(width, height, [{ ...box, colour: 2 }]))).toEqual([
      "clear green",
    ]);
    const moving = [2, 1].map((colour) => ({ ...box, colour, disposal: 1 }));
    expect(await framesOf("moving.gif", gifOf(width, height, moving))).toEqual(["clear green", "clear red"]);
    const bare = [2, 1].map((colour) => ({ ...box, colour }));
    expect(await framesOf("bare.gif", gifOf(width, height, bare))).toEqual(["clear green", "clear red"]);
    const [full] = await framesOf("full.gif", gifOf(width, height, [allColours], { bits: 8 }));
    expect(full).toMatch(/^clear/);
  });

  test("a GIF whose frames do not cover the canvas is also transparent for a reader without WebP, and in JSON", async () => {
    // A photograph: a drawing would be a PNG in any case.
    const { data } = await photo(200, 150).raw().toBuffer({ resolveWithObject: true });
    const colour = Array.from({ length: 200 * 150 }, (_, at) => data[3 * at] ?? 0);
    const gif = gifOf(240, 180, [{ at: [20, 15, 200, 150], colour }], { bits: 8 });
    await writeFile(join(photos, "photo.gif"), gif);
    const response = await fetch(`${pod.url}?img=photo.gif&q=50`, { headers: { accept: "image/jpeg" } });
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(await (await ask("photo.gif", gif, "fm=json")).json()).toMatchObject({ alpha: true, frames: 1 });
  });

  test("a GIF that clears a frame to the background shows what is behind it", async () => {
    const frames = [{ ...whole, colour: 1 }, ...[2, 3].map((colour) => ({ ...box, colour }))].map(
      (frame) => ({
        ...frame,
        disposal: 2,
      }),
    );
    const expected = ["red red", "clear green", "clear blue"];
    expect(await framesOf("cleared.gif", gifOf(width, height, frames))).toEqual(expected);
    expect(await framesOf("cleared-256.gif", gifOf(width, height, frames, { bits: 8 }))).toEqual(expected);
  });

  test("a GIF whose frames cover the canvas has no alpha", async () => {
    const frames = [1, 2].map((colour) => ({ ...whole, colour, disposal: 2 }));
    const webp = await shown("opaque.gif", gifOf(width, height, frames), "q=100");
    expect((await sharp(webp).metadata()).hasAlpha).toBe(false);
  });

  test("a GIF without an end code or a trailer is played", async () => {
    const frames = [1, 2].map((colour) => ({ ...whole, colour, disposal: 1, ended: false }));
    const gif = gifOf(width, height, frames, { trailer: false });
    expect(await framesOf("endless.gif", gif)).toEqual(["red red", "green green"]);
  });

  test("a GIF that is cut off is played up to its last whole frame", async () => {
    const one = gifOf(width, height, [{ ...whole, colour: 1 }]);
    const two = gifOf(
      width,
      height,
      [1, 2].map((colour) => ({ ...whole, colour, disposal: 1 })),
    );
    // The trailer, the empty block, and the end code.
    for (const bytes of [1, 2, 3]) {
      const [still, moving] = [one, two].map((gif) => gif.subarray(0, gif.length - bytes));
      expect(await framesOf(`one-${bytes}.gif`, still ?? one)).toEqual(["red red"]);
      expect(await framesOf(`two-${bytes}.gif`, moving ?? two)).toEqual(["red red", "green green"]);
    }
    const half = two.subarray(0, two.length - 400);
    expect(await framesOf("half.gif", half)).toEqual(["red red"]);
    expect(await (await ask("half.gif", half, "fm=json")).json()).toMatchObject({ frames: 1 });
    expect(await statusOf("nothing.gif", one.subarray(0, one.length - 400))).toBe("422 unreadable-source");
  });

  test("a GIF that is cut off is sent unchanged to readers without WebP", async () => {
    const gif = gifOf(width, height, [
      { ...box, colour: 2, disposal: 1 },
      { ...box, colour: 1, disposal: 1 },
    ]);
    await writeFile(join(photos, "stored.gif"), gif);
    const response = await fetch(`${pod.url}?img=stored.gif&q=50`, { headers: { accept: "image/png" } });
    expect(response.headers.get("content-type")).toBe("image/gif");
    expect(Buffer.from(await response.arrayBuffer())).toEqual(gif);
  });
});

test("an animated WebP with an EXIF rotation is played as it is stored", async () => {
  const webp = await readFile(join(import.meta.dirname, "../../test/fixtures/anim-exif6.webp"));
  const made = await sharp(await shown("turned.webp", webp, "q=90")).metadata();
  expect([made.pages, made.width, made.height]).toEqual([3, 120, 80]);
  const still = await sharp(await shown("turned.webp", webp, "q=90&fm=jpg")).metadata();
  expect([still.width, still.height]).toEqual([120, 80]);
  const info = await (await ask("turned.webp", webp, "fm=json")).json();
  expect(info).toMatchObject({ width: 120, height: 80, frames: 3, alpha: true });
});

test("a file that no decoder here can read is called by its format, not damaged", async () => {
  const jpeg = await photo(40, 30).jpeg().toBuffer();
  const frame = jpeg.indexOf("\xff\xc0", 0, "latin1");
  const changed = (at: number, byte: number) => {
    const copy = Buffer.from(jpeg);
    copy[at] = byte;
    return copy;
  };
  for (const [name, original, words] of [
    ["lossless.jpg", changed(frame + 1, 0xc3), "a lossless JPEG"],
    ["ls.jpg", changed(frame + 1, 0xf7), "a JPEG-LS image"],
    ["twelve.jpg", changed(frame + 4, 12), "a JPEG of 12 bits"],
    ["no-height.jpg", changed(frame + 6, 0), "only at its end"],
  ] as const) {
    for (const query of ["q=50", "fm=json"]) {
      const response = await ask(name, original, query);
      expect([name, response.status]).toEqual([name, 422]);
      expect(await response.json()).toMatchObject({ detail: expect.stringContaining(words) });
    }
  }
  const avif = await photo(40, 30).avif({ effort: 0 }).toBuffer();
  avif.write("a1op", avif.indexOf("pixi"), "latin1");
  expect(peculiarityOf("image/avif", avif)).toBe("a layered AVIF");
});
