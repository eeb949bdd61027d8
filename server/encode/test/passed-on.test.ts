import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { atFileEnd } from "../../test/support/file-end.ts";
import { animation } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { gifOf, subBlocks } from "./gifs.ts";
import { chunk, withChunks } from "./png.ts";

const atEnd = atFileEnd();

const SECRET = "where it was taken";
let pod: Pod;
let photos: string;
let apng: Buffer;
let avis: Buffer;
beforeAll(async () => {
  const folder = await temporaryFolder(atEnd);
  photos = join(folder, "photos");
  await mkdir(photos);
  const fixture = (name: string) => readFile(join(import.meta.dirname, "../../test/fixtures", name));
  apng = await fixture("apng.png");
  avis = await fixture("avis.avif");
  pod = await startPod(
    {
      SOURCE: photos,
      CACHE_DIR: join(folder, "cache"),
      GC_INTERVAL: "0",
      ORIGINALS: "off",
      MAX_FRAMES: "4",
      MAX_ANIMATION_PIXELS: "40000",
      PASS_THROUGH_BYTES: "64KiB",
      ENCODERS: "1",
    },
    undefined,
    atEnd,
  );
});

const everything = "image/avif,image/webp,*/*";

async function get(query: string, accept = everything) {
  const response = await fetch(`${pod.url}?${query}`, { headers: { accept } });
  const body = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get("content-type");
  return { status: response.status, type, body, detail: response.ok ? "" : JSON.parse(String(body)).detail };
}

/** Stores it, and expects it unchanged: as an animation, in JSON, and in no other format. */
async function expectPassedOn(name: string, stored: Buffer, type: string, reason: string): Promise<Buffer> {
  await writeFile(join(photos, name), stored);
  const passed = await get(`img=${name}&q=50&w=20`);
  expect([name, passed.status, passed.type, passed.detail]).toEqual([name, 200, type, ""]);
  expect([name, passed.body.includes(SECRET)]).toEqual([name, false]);
  for (const format of ["jpg", "webp", "avif", "png"]) {
    const refused = await get(`img=${name}&q=50&fm=${format}`);
    expect([name, format, refused.status]).toEqual([name, format, 422]);
    expect(refused.detail).toContain(reason);
    expect(refused.detail).toContain("omit fm");
  }
  return passed.body;
}

/** Delays, and the pixels of all frames. */
async function framesOf(file: Buffer) {
  const { pages, delay, loop } = await sharp(file).metadata();
  return { pages, delay, loop, pixels: await sharp(file, { animated: true }).ensureAlpha().raw().toBuffer() };
}

test("a GIF with more frames or pixels than the limit is passed on, without its comments and XMP", async () => {
  const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(Buffer.from(SECRET))]);
  const xmp = Buffer.concat([
    Buffer.from("\x21\xff\x0bXMP DataXMP", "latin1"),
    subBlocks(Buffer.from(SECRET)),
  ]);
  const loop = Buffer.from("\x21\xff\x0bNETSCAPE2.0\x03\x01\x02\x00\x00", "latin1");
  const frames = (count: number, side: number) =>
    Array.from({ length: count }, (_, at) => ({
      at: [0, 0, side, side] as const,
      colour: 1 + (at % 3),
      disposal: 1 + (at % 2),
    }));
  const extensions = Buffer.concat([loop, comment, xmp]);
  for (const [name, gif, reason] of [
    ["five.gif", gifOf(40, 40, frames(5, 40), { extensions }), "has 5 frames; the limit is 4 (MAX_FRAMES)"],
    [
      "large.gif",
      gifOf(120, 120, frames(3, 120), { extensions }),
      "have 0.05 megapixels; the limit is 0.04 megapixels (MAX_ANIMATION_PIXELS)",
    ],
  ] as const) {
    const passed = await expectPassedOn(name, gif, "image/gif", reason);
    expect(await framesOf(passed)).toEqual(await framesOf(gif));
    const info = JSON.parse(String((await get(`img=${name}&fm=json`)).body));
    expect(info.frames).toBe(name === "five.gif" ? 5 : 3);
    expect((await get(`img=${name}&q=50`, "image/png")).body).toEqual(passed);
  }
});

test("a GIF within the limits is encoded", async () => {
  await writeFile(join(photos, "four.gif"), await animation("gif", 4));
  const { type, body } = await get("img=four.gif&q=50");
  expect([type, (await sharp(body).metadata()).pages]).toEqual(["image/webp", 4]);
});

test("a WebP with too many frames is passed on without EXIF, to readers who can show WebP", async () => {
  const webp = await sharp(await animation("webp", 6), { animated: true })
    .webp({ lossless: true })
    .withExif({ IFD0: { Artist: SECRET } })
    .toBuffer();
  expect(webp.includes(SECRET)).toBe(true);
  const passed = await expectPassedOn(
    "six.webp",
    webp,
    "image/webp",
    "has 6 frames; the limit is 4 (MAX_FRAMES)",
  );
  expect(await framesOf(passed)).toEqual(await framesOf(webp));
  expect((await sharp(passed).metadata()).exif).toBeUndefined();
  // Its header does not declare any either.
  expect((passed[20] ?? 0xff) & 0x0c).toBe(0);
  const other = await get("img=six.webp&q=50", "image/png");
  expect([other.status, other.detail]).toEqual([
    422,
    expect.stringContaining("Accept does not contain image/webp"),
  ]);
});

test("an animated PNG is never a still: it is passed on to every reader, without its texts", async () => {
  const text = chunk("tEXt", Buffer.from(`Comment\0${SECRET}`));
  const exif = chunk("eXIf", Buffer.from(`II*\0${SECRET}`));
  const passed = await expectPassedOn(
    "moving.png",
    withChunks(apng, [text, exif]),
    "image/png",
    "an animated PNG",
  );
  expect(passed).toEqual(apng);
  expect((await get("img=moving.png&q=50", "image/jpeg")).body).toEqual(apng);
  expect(JSON.parse(String((await get("img=moving.png&fm=json")).body))).toMatchObject({
    width: 100,
    height: 100,
    type: "image/png",
    frames: 3,
  });
});

test("an animated PNG whose first frame is damaged is passed on, and has JSON", async () => {
  const damaged = Buffer.from(apng);
  damaged.fill(0, damaged.indexOf("IDAT") + 8, damaged.indexOf("IDAT") + 12);
  await writeFile(join(photos, "damaged.png"), damaged);
  expect((await get("img=damaged.png&q=50")).type).toBe("image/png");
  expect(JSON.parse(String((await get("img=damaged.png&fm=json")).body))).toMatchObject({
    width: 100,
    frames: 3,
  });
});

test("an animated AVIF is passed on to readers who can show AVIF; for others the error names the format", async () => {
  const udta = Buffer.concat([Buffer.from([0, 0, 0, 8 + SECRET.length]), Buffer.from(`udta${SECRET}`)]);
  const passed = await expectPassedOn(
    "moving.avif",
    Buffer.concat([avis, udta]),
    "image/avif",
    "an animated AVIF",
  );
  expect(passed.subarray(0, avis.length)).toEqual(avis);
  const other = await get("img=moving.avif&q=50", "image/webp");
  expect([other.status, other.detail]).toEqual([422, expect.stringContaining("an animated AVIF")]);
  expect(JSON.parse(String((await get("img=moving.avif&fm=json")).body))).toMatchObject({
    width: 120,
    height: 80,
    type: "image/avif",
    frames: 3,
    alpha: true,
  });
});

test("an animation above PASS_THROUGH_BYTES is refused for every format, with both limits in the message", async () => {
  const large = withChunks(apng, [chunk("iCCP", Buffer.alloc(80_000))]);
  await writeFile(join(photos, "film.png"), large);
  for (const query of ["img=film.png&q=50", "img=film.png&q=50&fm=png", "img=film.png&fm=json"]) {
    const { status, detail } = await get(query);
    expect([query, status]).toEqual([query, 422]);
    expect(detail).toMatch(/animated PNG.*up to 65536 \(PASS_THROUGH_BYTES\)/);
  }
});
