import { least, median, type Samples } from "../measure/alternate.ts";
import type { Bar, Table } from "./result.ts";

/** CPU and wall time of contenders that ran to an end, compared with one of them. */
export function timesTable(title: string, samples: ReadonlyMap<string, Samples>, reference: string): Table {
  const base = leastOf(samples, reference, "cpuMs");
  return {
    title,
    head: ["", "CPU ms, least", "median", `× ${reference}`, "wall ms, least", "median"],
    rows: [...samples].map(([name, { cpuMs = [], wallMs = [] }]) => [
      name,
      least(cpuMs),
      median(cpuMs),
      least(cpuMs) / base,
      least(wallMs),
      median(wallMs),
    ]),
  };
}

export function leastOf(samples: ReadonlyMap<string, Samples>, name: string, what: string): number {
  return least(samples.get(name)?.[what] ?? []);
}

/** One bar for each contender; ours are those whose name begins with this text. */
export function barsOf(samples: ReadonlyMap<string, Samples>, what: string): Bar[] {
  return [...samples].map(([name, measured]) => ({
    name,
    value: least(measured[what] ?? []),
    ours: name.startsWith("imgproxy-lite"),
  }));
}
