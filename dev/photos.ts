import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { paintAlps } from "./photos/alps.ts";
import { drawCompass } from "./photos/compass.ts";
import { paintGarden } from "./photos/garden.ts";
import { paintHarbour } from "./photos/harbour.ts";
import { drawLanterns, lanternDelay } from "./photos/lantern.ts";
import { paintNight } from "./photos/night.ts";
import { drawPaperBoat } from "./photos/paper-boat.ts";
import { develop, type Picture } from "./photos/picture.ts";
import { paintWoods } from "./photos/woods.ts";
import { paintWorms } from "./photos/worms.ts";

/** How one photograph of the example site is painted; `scale` makes smaller trial prints. */
interface Photograph {
  readonly key: string;
  readonly make: (scale: number) => Promise<Buffer>;
}

const GRAIN = 0.02;

/** `npm run photos [-- --out FOLDER --scale 0.3 KEY…]`: paints the example site's photographs, always the same. */
const photographs: readonly Photograph[] = [
  { key: "worms.jpg", make: jpeg(paintWorms, 3000, { exposure: 1.25, vignette: 0.35, seed: 1 }) },
  { key: "trips/alps.jpg", make: jpeg(paintAlps, 2000, { exposure: 0.8, vignette: 0.25, seed: 2 }) },
  { key: "trips/harbour.jpg", make: jpeg(paintHarbour, 2667, { exposure: 0.9, vignette: 0.3, seed: 3 }) },
  { key: "portrait.jpg", make: makePortrait },
  { key: "night.jpg", make: jpeg(paintNight, 2000, { exposure: 1.9, vignette: 0.2, seed: 5 }) },
  { key: "my garden.jpg", make: jpeg(paintGarden, 2000, { exposure: 0.85, vignette: 0.25, seed: 6 }) },
  {
    key: "paper-boat.png",
    make: (scale) =>
      drawPaperBoat(Math.round(2000 * scale))
        .png({ compressionLevel: 9 })
        .toBuffer(),
  },
  {
    key: "lantern.gif",
    make: async () =>
      (await drawLanterns(480))
        .gif({ delay: [...lanternDelay], colours: 96, dither: 0.4, effort: 10 })
        .toBuffer(),
  },
  { key: "compass.svg", make: async () => Buffer.from(drawCompass()) },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: {
      type: "string",
      default: fileURLToPath(new URL("../../hugo-module/exampleSite/photos/", import.meta.url)),
    },
    scale: { type: "string", default: "1" },
  },
});
for (const { key, make } of photographs) {
  if (positionals.length > 0 && !positionals.includes(key)) continue;
  const bytes = await make(Number(values.scale));
  const path = join(values.out, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
  console.log(`${path}  ${(bytes.length / 1e6).toFixed(2)} MB`);
}

// --- kinds of file ---

interface Look {
  readonly exposure: number;
  readonly vignette: number;
  readonly seed: number;
}

function jpeg(scene: (height: number) => Picture, height: number, look: Look): Photograph["make"] {
  return (scale) =>
    develop(scene(Math.round(height * scale)), { ...look, grain: GRAIN })
      .jpeg({ quality: 90 })
      .toBuffer();
}

/**
 * As a camera in upright position stores it: the sensor's rows are rotated and EXIF has the orientation. It has a GPS
 * position, so that tests can check that no variant keeps it.
 */
function makePortrait(scale: number): Promise<Buffer> {
  return develop(paintWoods(Math.round(3600 * scale)), {
    exposure: 0.9,
    vignette: 0.25,
    seed: 4,
    grain: GRAIN,
  })
    .rotate(-90)
    .withExif({
      IFD0: { Copyright: "imgproxy-lite example", Make: "Procedural", Model: "Camera obscura" },
      IFD3: {
        GPSLatitudeRef: "S",
        GPSLatitude: "38/1 15/1 38/1",
        GPSLongitudeRef: "E",
        GPSLongitude: "175/1 6/1 11/1",
      },
    })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 90 })
    .toBuffer();
}
