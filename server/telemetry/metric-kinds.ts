import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "./metric-definitions.ts";

/** A counter by its definition; registered. */
export function counter(registry: Registry, { name, help, labels }: MetricDefinition): Counter {
  return new Counter({ name, help, labelNames: labels, registers: [registry] });
}

/** The increase of one combination of labels since the last scrape. */
export interface Tally {
  pending: number;
}

/**
 * A counter that adds up here until the next scrape: prom-client checks and hashes labels at each call, which would slow down a
 * hit. Label values are one text, in the order of the labels; the returned function is used many times.
 */
export function deferredCounter(
  registry: Registry,
  { name, help, labels }: MetricDefinition,
): (values: string) => Tally {
  const tallies = new Map<string, Tally>();
  const created: Counter = new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect: () => {
      for (const [values, tally] of tallies) {
        created.labels(...values.split(" ")).inc(tally.pending);
        tally.pending = 0;
      }
    },
  });
  return (values) => {
    const known = tallies.get(values);
    if (known !== undefined) return known;
    const made = { pending: 0 };
    tallies.set(values, made);
    return made;
  };
}

/** A gauge by its definition; `read` sets it at each scrape. */
export function gauge(
  registry: Registry,
  { name, help, labels }: MetricDefinition,
  read?: (gauge: Gauge) => void,
): Gauge {
  const created: Gauge = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(read !== undefined && { collect: () => read(created) }),
  });
  return created;
}

/** A histogram by its definition; registered. */
export function histogram(registry: Registry, { name, help, labels, buckets }: MetricDefinition): Histogram {
  return new Histogram({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(buckets !== undefined && { buckets: [...buckets] }),
  });
}
