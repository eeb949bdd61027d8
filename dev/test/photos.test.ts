import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../hugo-module/exampleSite/photos/", import.meta.url));

test("the example photographs have a camera's size, and are small enough for a repository", async () => {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  expect(names.map((entry) => entry.name).sort()).toEqual([
    ...["01-ridge.jpg", "02-valley.jpg", "03-summit.jpg", "04-quay.jpg", "05-boats.jpg", "06-path.jpg"],
    ...["07-bed.jpg", "08-sky.jpg", "09-beech.jpg", "10-cave.jpg"],
    ...["alps.jpg", "compass.svg", "harbour.jpg", "lantern.gif", "my garden.jpg"],
    ...["night.jpg", "paper-boat.png", "portrait.jpg", "worms.jpg"],
  ]);
  const sizes = await Promise.all(
    names.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(12e6);
  expect(await sharp(join(folder, "worms.jpg")).metadata()).toMatchObject({ width: 4000, height: 3000 });
});

test("one example photograph has a rotation and a GPS position in EXIF, one has alpha, one is animated", async () => {
  const portrait = await sharp(join(folder, "portrait.jpg")).metadata();
  expect(portrait).toMatchObject({ width: 3600, height: 2700, orientation: 6 });
  // The tag that leads to GPS data (EXIF 2.3, 4.6.3).
  const exif = await readFile(join(folder, "portrait.jpg")).then((file) => file.subarray(0, 1024));
  expect(exif.includes(Buffer.from([0x25, 0x88])) || exif.includes(Buffer.from([0x88, 0x25]))).toBe(true);
  expect(await sharp(join(folder, "paper-boat.png")).stats()).toMatchObject({ isOpaque: false });
  expect((await sharp(join(folder, "lantern.gif")).metadata()).pages).toBe(20);
});
