import sharp, { type Sharp } from "sharp";

/** A picture with detail, like a photograph: a gradient with seeded noise. */
export function photo(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  let seed = 1;
  for (let at = 0, y = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      seed = (seed * 48_271) % 2_147_483_647;
      const noise = seed % 24;
      pixels[at] = Math.floor((x / width) * 200) + noise;
      pixels[at + 1] = Math.floor((y / height) * 200) + noise;
      pixels[at + 2] = 90 + noise;
    }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Four flat quarters: red and green above, blue and white below. They show rotations and mirroring. */
export function quarters(width: number, height: number): Sharp {
  const half = { width: width / 2, height: height / 2, channels: 3 as const };
  const quarter = (background: string, left: number, top: number) => ({
    input: { create: { ...half, background } },
    left,
    top,
  });
  return sharp({ create: { width, height, channels: 3, background: "#ffffff" } }).composite([
    quarter("#ff0000", 0, 0),
    quarter("#00ff00", half.width, 0),
    quarter("#0000ff", 0, half.height),
  ]);
}

/** An animation of plain frames, each of another colour. */
export async function animation(
  type: "gif" | "webp",
  frames: number,
  width = 40,
  height = 30,
): Promise<Buffer> {
  const pictures = await Promise.all(
    Array.from({ length: frames }, (_, frame) =>
      sharp({
        create: { width, height, channels: 3, background: { r: (frame * 60) % 256, g: 255 - frame, b: 40 } },
      })
        .png()
        .toBuffer(),
    ),
  );
  return sharp(pictures, { join: { animated: true } })
    .toFormat(type, { delay: pictures.map((_, frame) => 100 + 10 * frame) })
    .toBuffer();
}
