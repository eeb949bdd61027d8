import { readFileSync } from "node:fs";
import { availableParallelism, release, totalmem } from "node:os";

/** The result of a claim, before it is written. */
export interface Result {
  readonly title: string;
  /** One paragraph: what was run, and which number counts. */
  readonly about: string;
  readonly targets: readonly Target[];
  readonly tables: readonly Table[];
  /** The picture beside the tables. */
  readonly plot: Plot;
}

/** A promise and its measurement. */
export interface Target {
  readonly claim: string;
  readonly measured: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit?: string;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export type Plot =
  | { readonly kind: "bars"; readonly unit: string; readonly bars: readonly Bar[] }
  | {
      readonly kind: "lines";
      readonly x: string;
      readonly y: string;
      readonly lines: readonly {
        readonly name: string;
        readonly points: readonly (readonly [number, number])[];
      }[];
    };

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly ours?: boolean;
}

/** `bench/results/<claim>.md`. */
export function formatResult(name: string, result: Result, when: Date): string {
  return [
    `# ${result.title}`,
    `Measured ${when.toISOString().slice(0, 16).replace("T", " ")} UTC by \`npm run bench -- ${name}\` on ${machine()}.`,
    result.about,
    ...(result.targets.length === 0 ? [] : [targetsTable(result.targets)]),
    `![${result.title}](${name}.svg)`,
    ...result.tables.map(formatTable),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

export function meets({ measured, atMost, atLeast }: Target): boolean {
  return (
    measured <= (atMost ?? Number.POSITIVE_INFINITY) && measured >= (atLeast ?? Number.NEGATIVE_INFINITY)
  );
}

/** Three significant digits. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

// --- parts ---

function targetsTable(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const { claim, measured, atMost, atLeast, unit = "" } = target;
    const bound = atMost !== undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
    return [claim, bound, `${digits(measured)}${unit}`, meets(target) ? "yes" : "**no**"];
  });
  return formatTable({ title: "", head: ["claim", "promised", "measured", "kept"], rows });
}

function formatTable({ title, head, rows }: Table): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => (typeof cell === "number" ? digits(cell) : cell)).join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [...(title === "" ? [] : [`## ${title}`, ""]), line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Cores, model, memory, kernel, Node. */
function machine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(cpuInfo())?.[1] ?? process.arch;
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores of ${model}, ${gigabytes} GiB, Linux ${release().split("-")[0]}, Node ${process.versions.node}`;
}

function cpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "latin1");
  } catch {
    return "";
  }
}
