import type { Format } from "../../../contract/formats.ts";
import type { Lane } from "../encoder.ts";
import { laneOf } from "./encoder-settings.ts";

type Lossy = Exclude<Format, "png">;

/** One row: settings that look the same, in each lane; `q` is mozjpeg's own scale. */
type Row = { readonly q: number } & Readonly<Record<Lossy, Readonly<Record<Lane, number>>>>;

/**
 * Equal mean SSIMULACRA2 of photographs (ten at 480 and 800 px; 37 others at 400, 800 and 1,600 px for the warm lane), with the
 * settings of encoder-settings.ts. Trellis quantisation and smart subsampling change the look at a number: hence the columns.
 */
const rows: readonly [Row, ...Row[]] = [
  row(1, [1, 1], [1, 1], [1, 1]),
  row(20, [18, 20], [10, 10], [23, 21]),
  row(30, [28, 30], [23, 22], [34, 32]),
  row(40, [37, 40], [37, 36], [40, 39]),
  row(50, [46, 50], [50, 48], [45, 44]),
  row(60, [56, 60], [60, 58], [49, 48]),
  row(70, [67, 70], [73, 71], [54, 53]),
  row(80, [78, 80], [81, 80], [61, 60]),
  row(90, [88, 90], [89, 88], [73, 72]),
  row(100, [100, 100], [100, 100], [92, 92]),
];

type LiveAndWarm = readonly [live: number, warm: number];

function row(q: number, jpg: LiveAndWarm, webp: LiveAndWarm, avif: LiveAndWarm): Row {
  const lanes = ([live, warm]: LiveAndWarm) => ({ live, warm });
  return { q, jpg: lanes(jpg), webp: lanes(webp), avif: lanes(avif) };
}

/** The encoder's quality for `q` (1 to 100, how it looks) at an effort, interpolated linearly between the rows. */
export function qualityFor(format: Lossy, q: number, effort: number): number {
  const lane = laneOf(format, effort);
  const upper = Math.max(
    1,
    rows.findIndex((row) => row.q >= q),
  );
  const [low, high] = [rows[upper - 1] ?? rows[0], rows[upper] ?? rows[0]];
  const share = (q - low.q) / (high.q - low.q);
  return Math.round(low[format][lane] + share * (high[format][lane] - low[format][lane]));
}
