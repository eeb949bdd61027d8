/**
 * XYB, the colour space of JPEG XL (ISO/IEC 18181-1): X is red against green, Y is brightness, B is blue. Each is shifted
 * and scaled to about 0 to 1, and B is relative to Y, as in SSIMULACRA 2.
 * @param row red, green and blue of each pixel, linear, from 0 to 1.
 * @param into a row for each channel, from `start` on.
 */
export function toXyb(
  row: Float64Array,
  into: { readonly x: Float64Array; readonly y: Float64Array; readonly b: Float64Array },
  start: number,
): void {
  const { x, y, b } = into;
  for (let at = 0, to = start; at < row.length; at += 3, to++) {
    const red = row[at] ?? 0;
    const green = row[at + 1] ?? 0;
    const blue = row[at + 2] ?? 0;
    // How much the eye's cones for long, middle and short waves absorb.
    const long = cubeRoot(0.3 * red + 0.622 * green + 0.078 * blue + BIAS);
    const middle = cubeRoot(0.23 * red + 0.692 * green + 0.078 * blue + BIAS);
    const short = cubeRoot(
      0.24342268924547819 * red + 0.20476744424496821 * green + 0.551809866509553 * blue + BIAS,
    );
    const brightness = 0.5 * (long + middle) - BIAS_ROOT;
    x[to] = 14 * 0.5 * (long - middle) + 0.42;
    y[to] = brightness + 0.01;
    b[to] = short - BIAS_ROOT - brightness + 0.55;
  }
}

const BIAS = 0.0037930732552754493;
const BIAS_ROOT = Math.cbrt(BIAS);

// --- cube root ---

const STEPS = 4096;
const roots = Float64Array.from({ length: STEPS + 64 }, (_, step) => Math.cbrt((step + 0.5) / STEPS));

/** The cube root of a number from {@link BIAS} to about 1, to seven digits: a table and one step of Halley's method; faster than Math.cbrt. */
function cubeRoot(value: number): number {
  const root = roots[(value * STEPS) | 0] ?? 1;
  const cube = root * root * root;
  return (root * (cube + 2 * value)) / (2 * cube + value);
}
