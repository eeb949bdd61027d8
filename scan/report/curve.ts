import type { ImageInfo } from "../../contract/info.ts";
import {
  type CurvePoint,
  type Curves,
  type Offset,
  type TunedFormat,
  tunedFormats,
} from "../../contract/tuning.ts";
import { formatBytes } from "../counted.ts";
import type { Tune } from "../proxy/tuning/tune.ts";

const names = { avif: "AVIF", webp: "WebP", jpg: "JPEG" } as const satisfies Record<TunedFormat, string>;

/** Pixels of the drawing, and of the space for its scales. */
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [260, 124, 26, 16];

/** What `--tune` has measured of a photograph: the curves of its formats, and the result as text. Empty without curves. */
export function curveFigure(
  { curves, floors, offsets }: Pick<ImageInfo, "curves" | "floors" | "offsets">,
  { floor }: Pick<Tune, "floor">,
): string {
  if (curves === undefined || Object.keys(curves).length === 0) return "";
  const words = [
    ...(floor === undefined
      ? []
      : tunedFormats.flatMap((format) => floorWords(format, { curves, floors, floor }))),
    ...(["avif", "webp"] as const).flatMap((format) => offsetWords(format, offsets?.[format])),
  ].join("; ");
  return `<figure class="curve">${drawing(curves, floor)}<figcaption>${words}</figcaption></figure>`;
}

// --- words ---

function floorWords(
  format: TunedFormat,
  of: { readonly curves: Curves; readonly floors: ImageInfo["floors"]; readonly floor: number },
): string[] {
  const q = of.floors?.[format];
  const point = reaching(of.curves[format] ?? [], of.floor);
  if (q === undefined) return [];
  if (point === undefined) return [`${names[format]} does not reach ${of.floor} at any q`];
  return [`${names[format]} reaches ${of.floor} at q ${q} (${formatBytes(point.bytes)} at 400 px)`];
}

function offsetWords(format: "avif" | "webp", offsets: readonly Offset[] = []): string[] {
  if (offsets.length === 0) return [];
  const all = offsets.map(({ offset }) => offset);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  if (least === 0 && most === 0) return [`${names[format]} looks like its JPEG as it is`];
  const range = least === most ? signed(least) : `${signed(least)} to ${signed(most)}`;
  return [`${names[format]} looks like its JPEG with q ${range}`];
}

function signed(step: number): string {
  return step === 0 ? "± 0" : `${step > 0 ? "+" : "−"} ${Math.abs(step)}`;
}

function reaching(points: readonly CurvePoint[], floor: number): CurvePoint | undefined {
  return points.find(({ score }) => score >= floor);
}

// --- drawing ---

interface Scale {
  readonly least: number;
  readonly most: number;
}

/** Score over `q`. Every point has its numbers as a title, and the whole has them as its name. */
function drawing(curves: Curves, floor: number | undefined): string {
  const all = tunedFormats.flatMap((format) => curves[format] ?? []);
  const qs = scaleOf(all.map(({ q }) => q));
  const scores = scaleOf([...all.map(({ score }) => score), ...(floor === undefined ? [] : [floor])]);
  const x = (q: number) => round(LEFT + share(q, qs) * (WIDTH - LEFT - 4));
  const y = (score: number) =>
    round((HEIGHT - BOTTOM) * (1 - share(score, scores)) + 4 * share(score, scores));
  const lines = tunedFormats.map((format) => {
    const points = curves[format] ?? [];
    const path = points.map(({ q, score }) => `${x(q)},${y(score)}`).join(" ");
    const dots = points.map(
      (point) =>
        `<circle cx="${x(point.q)}" cy="${y(point.score)}" r="2.5"><title>${pointWords(format, point)}</title></circle>`,
    );
    return `<g class="${format}"><polyline points="${path}"/>${dots.join("")}</g>`;
  });
  const name = tunedFormats
    .flatMap((format) => (curves[format] ?? []).map((point) => pointWords(format, point)))
    .join(", ");
  const line =
    floor === undefined
      ? ""
      : `<line class="floor" x1="${LEFT}" x2="${WIDTH}" y1="${y(floor)}" y2="${y(floor)}"/>`;
  const labels = [scores.least, scores.most].map(
    (score) => `<text x="${LEFT - 4}" y="${y(score) + 4}" text-anchor="end">${score}</text>`,
  );
  const ends = [qs.least, qs.most].map(
    (q, at) =>
      `<text x="${x(q)}" y="${HEIGHT - 3}" text-anchor="${at === 0 ? "start" : "end"}">q ${q}</text>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="Score by quality, measured: ${name}">${line}${lines.join("")}${labels.join("")}${ends.join("")}</svg>${legend(curves)}`;
}

function legend(curves: Curves): string {
  const keys = tunedFormats.filter((format) => curves[format] !== undefined);
  return `<span class="keys" aria-hidden="true">${keys.map((format) => `<span class="${format}">${names[format]}</span>`).join(" ")}</span>`;
}

function pointWords(format: TunedFormat, { q, score, bytes }: CurvePoint): string {
  return `${names[format]} q ${q}: ${score.toFixed(1)}, ${formatBytes(bytes)}`;
}

function scaleOf(values: readonly number[]): Scale {
  return { least: Math.floor(Math.min(...values)), most: Math.ceil(Math.max(...values)) };
}

/** 0 at the lower end, 1 at the upper one. */
function share(value: number, { least, most }: Scale): number {
  return most === least ? 0.5 : (value - least) / (most - least);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
