import { readdir } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";

/**
 * Source keys of the photographs in a folder, those with most pixels first.
 * @throws Error if there is none.
 */
export async function findPhotos(folder: string): Promise<readonly [string, ...string[]]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const photos = await Promise.all(
    names.filter((name) => /\.jpe?g$/i.test(name)).map((name) => measure(folder, name)),
  );
  // Camera files are sRGB; with CMYK scans, the colour conversion would be measured.
  const [first, ...rest] = photos
    .filter(({ space }) => space === "srgb")
    .sort((a, b) => b.pixels - a.pixels)
    .map(({ name }) => name);
  if (first === undefined)
    throw new Error(`no JPEG in ${folder}; name a folder of photographs with --photos`);
  return [first, ...rest];
}

/**
 * Those that are stored upright: some programs do not turn a photograph as its EXIF says, and then their pixels differ.
 * @param leastWidth in pixels.
 * @throws Error if there is none.
 */
export async function uprightOf(
  folder: string,
  keys: readonly string[],
  leastWidth = 1,
): Promise<readonly [string, ...string[]]> {
  const fits = await Promise.all(
    keys.map(async (key) => {
      const { orientation = 1, width = 0 } = await sharp(path.join(folder, key)).metadata();
      return orientation === 1 && width >= leastWidth;
    }),
  );
  const [first, ...rest] = keys.filter((_, at) => fits[at]);
  if (first === undefined)
    throw new Error(
      `no JPEG in ${folder} is stored upright and at least ${leastWidth} pixels wide; name others with --photos`,
    );
  return [first, ...rest];
}

async function measure(folder: string, name: string) {
  const { width = 0, height = 0, space } = await sharp(path.join(folder, name)).metadata();
  return { name, pixels: width * height, space };
}
