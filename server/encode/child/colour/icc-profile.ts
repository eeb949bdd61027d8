import { D50, inverse, type Matrix, multiply, toXyz, transpose, type Vector } from "./chromaticities.ts";
import {
  BT709,
  type ColourSpace,
  type Curve,
  type Hdr,
  isHdr,
  P3,
  type Samples,
  SRGB_CURVE,
} from "./colour-space.ts";
import { toneMapper } from "./tone-map.ts";

/** The pixels that a profile is for. */
export type Pixels = "grey" | "colour" | "deep colour";

/**
 * An ICC profile of a colour space, with only the tags that a conversion needs, in types of ICC.1:2022. It never leaves the server.
 * An HDR space becomes a table of sRGB numbers, and so includes the tone mapping.
 * @param pixels of 16 bits in colour are "deep": sharp converts them to P3, whose numbers are then taken for sRGB. Their profile is
 *   made so that the numbers in P3 are those of sRGB.
 */
export function iccProfile(space: ColourSpace, pixels: Pixels): Buffer {
  const { transfer } = space;
  if (pixels === "grey") return profile("GRAY", [["kTRC", greyCurve(space)]]);
  const screen = toXyz(pixels === "deep colour" ? P3 : BT709);
  if (isHdr(transfer)) return profile("RGB ", [["A2B0", table(space, transfer, screen)]]);
  const curve = curveTag(transfer);
  const toScreen = multiply(screen, inverse(toXyz(BT709)));
  const [red, green, blue] = transpose(multiply(toScreen, toXyz(space.chromaticities)));
  return profile("RGB ", [
    ["rXYZ", xyz(red)],
    ["gXYZ", xyz(green)],
    ["bXYZ", xyz(blue)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ]);
}

// --- structure (§7) ---

const HEADER_BYTES = 128;

function profile(space: "RGB " | "GRAY", tags: readonly (readonly [string, Buffer])[]): Buffer {
  const all = [["wtpt", xyz(D50)] as const, ...tags];
  const directory = Buffer.alloc(4 + 12 * all.length);
  directory.writeUInt32BE(all.length, 0);
  let offset = HEADER_BYTES + directory.length;
  for (const [index, [name, data]] of all.entries()) {
    directory.write(name, 4 + 12 * index, "latin1");
    directory.writeUInt32BE(offset, 8 + 12 * index);
    directory.writeUInt32BE(data.length, 12 + 12 * index);
    offset += data.length;
  }
  return Buffer.concat([header(space, offset), directory, ...all.map(([, data]) => data)]);
}

/** Not 4, whose tables lcms believes to end at the black of ink: it would darken shadows by ten levels. */
const VERSION_2_4 = 0x02400000;

function header(space: string, bytes: number): Buffer {
  const fixed = Buffer.alloc(HEADER_BYTES);
  fixed.writeUInt32BE(bytes, 0);
  fixed.writeUInt32BE(VERSION_2_4, 8);
  fixed.write(`mntr${space}XYZ `, 12, "latin1");
  fixed.write("acsp", 36, "latin1");
  numbers(D50).copy(fixed, 68);
  return fixed;
}

// --- types of tags (§10) ---

function xyz(vector: Vector): Buffer {
  return Buffer.concat([signature("XYZ "), numbers(vector)]);
}

/** parametricCurveType */
function parametric({ g, a, b, c, d, e, f }: Curve): Buffer {
  return Buffer.concat([signature("para"), Buffer.from([0, 4, 0, 0]), numbers([g, a, b, c, d, e, f])]);
}

const STEPS_OF_A_CURVE = 4_096;

/** Grey has no primaries: what matters is how light each number is. */
function greyCurve(space: ColourSpace): Buffer {
  const { transfer } = space;
  if (!isHdr(transfer)) return curveTag(transfer);
  const toScreen = toneMapper(space, transfer);
  const steps = Array.from({ length: STEPS_OF_A_CURVE }, (_, step) => {
    const number = step / (STEPS_OF_A_CURVE - 1);
    return decodeSrgb(toScreen([number, number, number])[1]);
  });
  return sampled(steps);
}

function curveTag(transfer: Curve | Samples): Buffer {
  return transfer.kind === "curve" ? parametric(transfer) : sampled(transfer.values);
}

/** curveType */
function sampled(values: readonly number[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(values.length);
  return Buffer.concat([signature("curv"), count, words(values)]);
}

/** The light of a number of sRGB, both from 0 to 1. */
export function decodeSrgb(number: number): number {
  const { g, a, b, c, d } = SRGB_CURVE;
  return number >= d ? (a * number + b) ** g : c * number;
}

/** More cost time: the table is made for each picture. */
const STEPS_OF_A_TABLE = 33;

/** lutAToBType: the table gives sRGB numbers, its curves and the screen's matrix make CIE XYZ of these. */
function table(space: ColourSpace, transfer: Hdr, screen: Matrix): Buffer {
  const straight = parametric({ kind: "curve", g: 1, a: 1, b: 0, c: 1, d: 0, e: 0, f: 0 });
  const curves = (curve: Buffer) => Buffer.concat([curve, curve, curve]);
  const grid = Buffer.alloc(20);
  grid.fill(STEPS_OF_A_TABLE, 0, 3);
  grid[16] = 2;
  // An XYZ of 1 is stored as 0x8000 of 0xffff.
  const matrix = screen.map((row) => row.map((value) => (value * 0x8000) / 0xffff));
  const parts = [
    curves(straight),
    Buffer.concat([...matrix.map(numbers), numbers([0, 0, 0])]),
    curves(parametric(SRGB_CURVE)),
    padded(Buffer.concat([grid, gridValues(toneMapper(space, transfer))])),
    curves(straight),
  ];
  const offsets = Buffer.alloc(24);
  offsets.fill(3, 0, 2);
  let offset = 8 + offsets.length;
  for (const [index, part] of parts.entries()) {
    offsets.writeUInt32BE(offset, 4 + 4 * index);
    offset += part.length;
  }
  return Buffer.concat([signature("mAB "), offsets, ...parts]);
}

/** The last of the three numbers changes fastest. */
function gridValues(map: (at: Vector) => Vector): Buffer {
  const bytes = Buffer.alloc(2 * 3 * STEPS_OF_A_TABLE ** 3);
  const last = STEPS_OF_A_TABLE - 1;
  let at = 0;
  for (let red = 0; red <= last; red++)
    for (let green = 0; green <= last; green++)
      for (let blue = 0; blue <= last; blue++)
        for (const value of map([red / last, green / last, blue / last]))
          at = bytes.writeUInt16BE(Math.round(value * 0xffff), at);
  return bytes;
}

function signature(type: string): Buffer {
  return Buffer.from(`${type}\0\0\0\0`, "latin1");
}

/** Fixed point, 16 bits before it and 16 behind. */
function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries())
    bytes.writeInt32BE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value * 0x10000))), 4 * index);
  return bytes;
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(Math.round(value * 0xffff), 2 * index);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
