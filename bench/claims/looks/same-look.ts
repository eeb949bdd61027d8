import { mean } from "../../tools/look/equal-score.ts";
import type { Table, Target } from "../../tools/result/result.ts";
import { type CurveFormat, type Curves, curveFormats, qualities } from "./curves.ts";

interface Part {
  readonly table: Table;
  readonly targets: readonly Target[];
}

/** Whether one `q` looks the same in every format: score ‒ that of the photograph's own JPEG at this q. */
export function sameLookTable(
  all: readonly { readonly width: number; readonly curves: readonly Curves[] }[],
): Part {
  const columns = all.flatMap(({ width, curves }) =>
    (["webp", "avif"] as const).map((format) => ({ width, curves, format })),
  );
  const away = columns.map(({ width, curves, format }) => {
    const means = qualities.map((q) => mean(beside(curves, format, curves, "jpg", q)));
    return { width, format, most: Math.max(...means.map(Math.abs)) };
  });
  return {
    table: {
      title: "SSIMULACRA2 of WebP and AVIF ‒ that of JPEG at the same q: mean (lowest … highest photograph)",
      head: ["q", ...columns.map(({ width, format }) => `${format}, ${width} px`)],
      rows: qualities.map((q) => [
        String(q),
        ...columns.map(({ curves, format }) => range(beside(curves, format, curves, "jpg", q))),
      ]),
    },
    targets: away.map(({ width, format, most }) => ({
      claim: `${format}, ${width} px: largest mean difference to JPEG of any q from 20 to 90`,
      measured: most,
      atMost: 3,
    })),
  };
}

/** Whether a picture made for a waiting reader looks like the one that a scan makes. */
export function lanesTable(warm: readonly Curves[], live: readonly Curves[]): Part {
  const most = curveFormats.map((format) => ({
    format,
    away: Math.max(...qualities.map((q) => Math.abs(mean(beside(live, format, warm, format, q))))),
  }));
  return {
    table: {
      title: "SSIMULACRA2 of the live lane ‒ that of the warm lane at the same q, 400 px",
      head: ["q", ...curveFormats],
      rows: qualities.map((q) => [
        String(q),
        ...curveFormats.map((format) => range(beside(live, format, warm, format, q))),
      ]),
    },
    targets: most.map(({ format, away }) => ({
      claim: `${format}, 400 px: largest mean difference between the lanes`,
      measured: away,
      atMost: 1,
    })),
  };
}

/** The same for photographs that are tuned, each to its own JPEG: here the worst counts. */
export function tunedTable(
  all: readonly {
    readonly width: number;
    readonly jpegs: readonly Curves[];
    readonly tuned: readonly Curves[];
  }[],
  at: readonly number[],
): Part {
  const columns = all.flatMap(({ width, jpegs, tuned }) =>
    (["webp", "avif"] as const).map((format) => ({
      name: `${format}, ${width} px`,
      untuned: (q: number) => beside(jpegs, format, jpegs, "jpg", q),
      away: (q: number) => beside(tuned, format, jpegs, "jpg", q),
    })),
  );
  const worst = (of: (q: number) => readonly number[]): number =>
    Math.max(...at.flatMap((q) => of(q)).map(Math.abs));
  return {
    table: {
      title:
        "Tuned (`scan --tune look`): SSIMULACRA2 ‒ that of JPEG at the same q: mean (lowest … highest photograph)",
      head: ["q", ...columns.map(({ name }) => name)],
      rows: [
        ...at.map((q) => [String(q), ...columns.map(({ away }) => range(away(q)))]),
        ["worst without tuning", ...columns.map(({ untuned }) => worst(untuned))],
        ["worst", ...columns.map(({ away }) => worst(away))],
      ],
    },
    targets: columns.map(({ name, away }) => ({
      claim: `${name}, tuned: worst photograph's difference to its JPEG`,
      measured: worst(away),
      atMost: 6,
    })),
  };
}

/** Differences of score, by photograph. */
function beside(
  ones: readonly Curves[],
  format: CurveFormat,
  others: readonly Curves[],
  otherFormat: CurveFormat,
  q: number,
): number[] {
  return ones.map(({ points }, at) => {
    const one = points[format].find(({ quality }) => quality === q)?.score;
    const other = others[at]?.points[otherFormat].find(({ quality }) => quality === q)?.score;
    return (one ?? Number.NaN) - (other ?? Number.NaN);
  });
}

function range(values: readonly number[]): string {
  const signed = (value: number): string => `${value > 0 ? "+" : ""}${value.toFixed(1)}`;
  return `${signed(mean(values))} (${signed(Math.min(...values))} … ${signed(Math.max(...values))})`;
}
