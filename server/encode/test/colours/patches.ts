import sharp, { type Sharp } from "sharp";

/** Patches a side, and pixels a side of each. */
export const ACROSS = 6;
export const PATCH = 4;

/** Primaries, skin, greys, and colours from all over the cube. */
const patches = Array.from({ length: ACROSS ** 2 }, (_, index): readonly number[] => {
  const known = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [1, 1, 0],
    [0, 1, 1],
    [1, 0, 1],
    [0.86, 0.12, 0.12],
    [0.2, 0.6, 0.2],
    [0.8, 0.6, 0.5],
    [0.5, 0.35, 0.25],
  ];
  const grey = (index - known.length) / 9;
  const spread = [0.31, 0.57, 0.83].map((step) => (index * step) % 1);
  return known[index] ?? (grey <= 1 ? [grey, grey, grey] : spread);
});

/** A picture of the patches, not yet encoded: of 1, 3 or 4 channels, 8 or 16 bits. */
export function patchwork(bits: 8 | 16 = 8, channels: 1 | 3 | 4 = 3): Sharp {
  const side = ACROSS * PATCH;
  const values = side * side * channels;
  const data = bits === 16 ? new Uint16Array(values) : new Uint8Array(values);
  for (let at = 0; at < side * side; at++) {
    const row = Math.floor(at / side / PATCH);
    const patch = [...(patches[row * ACROSS + Math.floor((at % side) / PATCH)] ?? []), 1];
    for (let channel = 0; channel < channels; channel++)
      data[at * channels + channel] = Math.round((patch[channel] ?? 0) * (2 ** bits - 1));
  }
  const image = sharp(data, { raw: { width: side, height: side, channels } });
  if (channels === 1) return image.toColourspace(bits === 16 ? "grey16" : "b-w");
  return bits === 16 ? image.toColourspace("rgb16") : image;
}

/** The middle of each patch, as text: such as `ff0000`. */
export function coloursOf(pixels: Uint8Array, channels: number): string[] {
  const side = ACROSS * PATCH;
  return patches.map((_, index) => {
    const [x, y] = [index % ACROSS, Math.floor(index / ACROSS)].map((at) => at * PATCH + PATCH / 2) as [
      number,
      number,
    ];
    const at = (y * side + x) * channels;
    return Buffer.from(pixels.subarray(at, at + 3)).toString("hex");
  });
}
