import type { PhotoSet } from "../../tools/debian-photos.ts";
import { mean, standardError } from "../../tools/look/equal-score.ts";
import type { Table, Target } from "../../tools/result/result.ts";
import { type CurveFormat, type Curves, curveFormats, qualities } from "./curves.ts";

interface Part {
  readonly table: Table;
  readonly targets: readonly Target[];
}

/** The curves of a set of photographs at one width. */
export interface SameLook {
  readonly set: PhotoSet["name"];
  readonly width: number;
  readonly curves: readonly Curves[];
}

/**
 * Whether one `q` looks the same in every format: score ‒ that of the photograph's own JPEG at this q. What is promised is the mean of all
 * photographs; those that the table was not fitted to are promised, too. Sets without photographs have no column.
 */
export function sameLookTables(sets: readonly SameLook[]): {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
} {
  const widths = [...new Set(sets.map(({ width }) => width))];
  const parts = widths.map((width) => {
    const here = sets.filter((one) => one.width === width && one.curves.length > 0);
    const all = here.flatMap(({ curves }) => curves);
    const columns = (["webp", "avif"] as const).flatMap((format) =>
      [...(here.length > 1 ? [{ set: "all", curves: all }] : []), ...here].map(({ set, curves }) => ({
        name: `${format}, ${set} (${curves.length})`,
        away: qualities.map((q) => ({ q, differences: beside(curves, format, curves, "jpg", q) })),
        claim: `${format}, ${width} px, ${curves.length} photographs${set === "all" ? "" : ` (${set})`}`,
        judged: set !== "fitted",
      })),
    );
    return {
      table: {
        title: `One q at ${width} px: SSIMULACRA2 of WebP and AVIF ‒ that of JPEG: mean ± standard error (lowest … highest photograph)`,
        head: ["q", ...columns.map(({ name }) => name)],
        rows: qualities.map((q, row) => [
          String(q),
          ...columns.map(({ away }) => rangeWithError(away[row]?.differences ?? [])),
        ]),
      },
      targets: columns.filter(({ judged }) => judged).map(({ claim, away }) => farthest(claim, away)),
    };
  });
  return { tables: parts.map(({ table }) => table), targets: parts.flatMap(({ targets }) => targets) };
}

function farthest(
  claim: string,
  away: readonly { readonly q: number; readonly differences: readonly number[] }[],
): Target {
  const [worst] = away.toSorted((a, b) => Math.abs(mean(b.differences)) - Math.abs(mean(a.differences)));
  const { q = Number.NaN, differences = [] } = worst ?? {};
  return {
    claim: `${claim}: largest mean difference to JPEG of any q from 20 to 90 (at ${q}, standard error ${standardError(differences).toFixed(1)})`,
    measured: Math.abs(mean(differences)),
    atMost: 3,
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
  return `${signed(mean(values))} ${ends(values)}`;
}

function rangeWithError(values: readonly number[]): string {
  return `${signed(mean(values))} ± ${standardError(values).toFixed(1)} ${ends(values)}`;
}

function ends(values: readonly number[]): string {
  return `(${signed(Math.min(...values))} … ${signed(Math.max(...values))})`;
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(1)}`;
}
