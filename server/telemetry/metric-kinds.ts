import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "./metric-definitions.ts";

/** A counter as it is defined; registered. */
export function counter(registry: Registry, { name, help, labels }: MetricDefinition): Counter {
  return new Counter({ name, help, labelNames: labels, registers: [registry] });
}

/** What one combination of labels has gained since the last scrape. */
export interface Tally {
  pending: number;
}

/**
 * A counter that is counted here until the next scrape: prom-client checks and hashes labels at each call, which a hit
 * would feel. Its label values come as one text, in the order of its labels, once for many a use of what is returned.
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

/** A gauge as it is defined; `read` sets it at each scrape. */
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

/** A histogram as it is defined; registered. */
export function histogram(registry: Registry, { name, help, labels, buckets }: MetricDefinition): Histogram {
  return new Histogram({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(buckets !== undefined && { buckets: [...buckets] }),
  });
}
