import type { Format } from "../../contract/request.ts";

type Lossy = Exclude<Format, "png">;

/** One row: settings that look alike at the sizes blogs use; `jpg` is the scale that `q` is on. */
type Row = Readonly<Record<Lossy, number>>;

const rows: readonly [Row, ...Row[]] = [
  { jpg: 1, webp: 1, avif: 1 },
  { jpg: 50, webp: 55, avif: 45 },
  { jpg: 60, webp: 64, avif: 52 },
  { jpg: 70, webp: 72, avif: 58 },
  { jpg: 80, webp: 82, avif: 65 },
  { jpg: 100, webp: 100, avif: 90 },
];

/** The encoder's own quality for `q` (1 to 100, how it looks), by straight lines between the rows. */
export function qualityFor(format: Lossy, q: number): number {
  const upper = Math.max(
    1,
    rows.findIndex((row) => row.jpg >= q),
  );
  const [low, high] = [rows[upper - 1] ?? rows[0], rows[upper] ?? rows[0]];
  const share = (q - low.jpg) / (high.jpg - low.jpg);
  return Math.round(low[format] + share * (high[format] - low[format]));
}
