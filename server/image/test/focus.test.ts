import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { beforeAll, expect, test } from "vitest";
import { createDiskCache, type DiskCache } from "../../cache/disk.ts";
import { packetOf } from "../../encode/test/metadata-blocks.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { animation } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();
const token = "the-token-of-the-test";
let pod: Pod;
let photos: string;
let cache: DiskCache;
beforeAll(async () => {
  const folder = await temporaryFolder(atEnd);
  photos = join(folder, "photos");
  const volume = join(folder, "cache");
  await mkdir(photos);
  cache = await createDiskCache({ folder: volume, namespace: `folder ${photos}` });
  const settings = { SOURCE: photos, CACHE_DIR: volume, GC_INTERVAL: "0", TOKEN: token, ENCODERS: "1" };
  pod = await startPod({ ...settings }, undefined, atEnd);
});

/** A grey field with a red square, whose middle is at this point, in percent. */
function subject(width: number, height: number, [x, y]: readonly [number, number]): Sharp {
  const side = Math.ceil(Math.min(width, height) / 6);
  const square = { create: { width: side, height: side, channels: 3 as const, background: "#d03020" } };
  const left = Math.round((width * x) / 100 - side / 2);
  const top = Math.round((height * y) / 100 - side / 2);
  return sharp({ create: { width, height, channels: 3, background: "#70757a" } }).composite([
    { input: square, left, top },
  ]);
}

/** A kind, the middle and the sides, from 0 to 1. */
type Area = readonly [string, number, number, number, number];

/** XMP with regions of a stored picture (MWG 2.0 §5.9). */
function regions(areas: readonly Area[]): string {
  const items = areas.map(
    ([kind, x, y, w, h]) =>
      `<rdf:li><rdf:Description mwg-rs:Type="${kind}"><mwg-rs:Area stArea:x="${x}" stArea:y="${y}" stArea:w="${w}" stArea:h="${h}" stArea:unit="normalized"/></rdf:Description></rdf:li>`,
  );
  return packetOf(
    `<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>${items.join("")}</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>`,
  );
}

async function focusesOf(images: Readonly<Record<string, Sharp | Buffer | string>>): Promise<unknown> {
  for (const [name, image] of Object.entries(images))
    await writeFile(
      join(photos, name),
      typeof image === "string" || Buffer.isBuffer(image) ? image : await image.toBuffer(),
    );
  return probe(Object.keys(images));
}

async function probe(images: readonly string[]): Promise<Record<string, string>> {
  const response = await fetch(`${pod.url}api/probe`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ images }),
  });
  const answer: { images: Record<string, { focus: string }> } = JSON.parse(await response.text());
  return Object.fromEntries(Object.entries(answer.images).map(([name, { focus }]) => [name, focus]));
}

/** Where EXIF's orientations show the stored point 75,25. */
const shownAt = [
  [75, 25],
  [25, 25],
  [25, 75],
  [75, 75],
  [25, 75],
  [75, 75],
  [75, 25],
  [25, 25],
] as const;

const near = (x: number, y: number, most = 6) =>
  expect.toSatisfy((text: string) => {
    const [left = 0, top = 0] = text.split(",").map(Number);
    return /^\d+,\d+$/.test(text) && Math.abs(left - x) <= most && Math.abs(top - y) <= most;
  }, `near ${x},${y}`);

test("the focus of a photograph is what stands out, as displayed, whatever its EXIF orientation", async () => {
  const stored = await subject(320, 160, [75, 25]).png().toBuffer();
  const images = shownAt.map((_, at) =>
    sharp(stored)
      .withMetadata({ orientation: at + 1 })
      .jpeg(),
  );
  expect(await focusesOf(Object.fromEntries(images.map((image, at) => [`${at}.jpg`, image])))).toEqual(
    Object.fromEntries(shownAt.map(([x, y], at) => [`${at}.jpg`, near(x, y)])),
  );
});

test("faces in the metadata decide the focus, as displayed and as important as they are large; then pets, then the camera's", async () => {
  const stored = await subject(320, 160, [20, 80]).png().toBuffer();
  const withRegions = (...areas: readonly Area[]) => sharp(stored).withXmp(regions(areas)).jpeg();
  const turned = shownAt.map((_, at) =>
    withRegions(["Face", 0.75, 0.25, 0.1, 0.2]).withMetadata({ orientation: at + 1 }),
  );
  expect(
    await focusesOf({
      "two.jpg": withRegions(["Face", 0.9, 0.5, 0.1, 0.1], ["Face", 0.5, 0.1, 0.3, 0.1]),
      "pet.jpg": withRegions(["Focus", 0.1, 0.1, 0, 0], ["Pet", 0.3, 0.6, 0.2, 0.2]),
      "camera.jpg": withRegions(["BarCode", 0.9, 0.9, 0.2, 0.2], ["Focus", 0.1, 0.3, 0, 0]),
      "code.jpg": withRegions(["BarCode", 0.9, 0.9, 0.2, 0.2]),
      ...Object.fromEntries(turned.map((image, at) => [`face-${at}.jpg`, image])),
    }),
  ).toEqual({
    "two.jpg": "60,20",
    "pet.jpg": "30,60",
    "camera.jpg": "10,30",
    "code.jpg": near(20, 80),
    ...Object.fromEntries(shownAt.map(([x, y], at) => [`face-${at}.jpg`, `${x},${y}`])),
  });
});

test("a panorama, an upright strip, and pictures with a transparent background have a focus too", async () => {
  const onNothing = (background: string) =>
    sharp({ create: { width: 200, height: 200, channels: 4, background: "#00000000" } }).composite([
      { input: { create: { width: 40, height: 40, channels: 4, background } }, left: 140, top: 140 },
    ]);
  expect(
    await focusesOf({
      "panorama.jpg": subject(1200, 200, [10, 50]).jpeg(),
      "strip.png": subject(100, 400, [50, 88]).png(),
      "black.png": onNothing("#000000").png(),
      "white.webp": onNothing("#ffffff").webp(),
    }),
  ).toEqual({
    "panorama.jpg": near(10, 50),
    "strip.png": near(50, 88),
    "black.png": near(80, 80, 10),
    "white.webp": near(80, 80, 10),
  });
});

test("the focus is the centre for a drawing, an animation, an icon, a line, one colour, and a subject in the middle", async () => {
  const plain = { create: { width: 300, height: 200, channels: 3 as const, background: "#70757a" } };
  const images = {
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>',
    "moving.gif": await animation("gif", 3),
    "icon.png": subject(6, 6, [80, 20]).png(),
    "line.jpg": subject(2000, 6, [80, 50]).jpeg(),
    "plain.jpg": sharp(plain).jpeg(),
    "middle.jpg": subject(300, 200, [51, 49]).jpeg(),
  };
  expect(await focusesOf(images)).toEqual(
    Object.fromEntries(Object.keys(images).map((name) => [name, "50,50"])),
  );
});

test("a photograph that an older release described is looked at again, and its crops without a focus are made again", async () => {
  await subject(320, 160, [85, 50]).png().toFile(join(photos, "older.png"));
  const isRed = async (query: string) => {
    const answer = await fetch(`${pod.url}?img=older.png&q=80&fm=png&w=20&ar=1:2${query}`);
    const [red = 0, green = 0] = await sharp(await answer.arrayBuffer())
      .resize(1, 1)
      .raw()
      .toBuffer();
    return [red > green, answer.headers.get("cache-status")];
  };
  expect(await isRed("")).toEqual([false, "imgproxy-lite; fwd=miss"]);
  expect(await isRed("&fp=0,0")).toEqual([false, "imgproxy-lite; fwd=miss"]);
  const info = `${pod.url}?img=older.png&fm=json`;
  expect(JSON.parse(await (await fetch(info)).text()).focus).toEqual(near(85, 50));
  await expect.poll(() => isRed("")).toEqual([true, expect.anything()]);
  expect(await isRed("&fp=0,0")).toEqual([false, "imgproxy-lite; hit"]);

  await expect.poll(() => cache.readRecord("older.png")).toHaveProperty("focus");
  const { focus: _, ...older } = (await cache.readRecord("older.png")) ?? {};
  await cache.changeRecord(
    "older.png",
    () => older as NonNullable<Awaited<ReturnType<DiskCache["readRecord"]>>>,
  );
  expect(await probe(["older.png"])).toEqual({ "older.png": near(85, 50) });
});
