import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "./metric-definitions.ts";

/** A counter as it is defined; registered. */
export function counter(registry: Registry, { name, help, labels }: MetricDefinition): Counter {
  return new Counter({ name, help, labelNames: labels, registers: [registry] });
}

/**
 * A counter whose label values come as one text, in the order of its labels, and are counted here until the next
 * scrape: prom-client checks and hashes labels at each call, which a hit would feel.
 */
export function deferredCounter(
  registry: Registry,
  { name, help, labels }: MetricDefinition,
): (values: string, by: number) => void {
  const pending = new Map<string, number>();
  const created: Counter = new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect: () => {
      for (const [values, by] of pending) created.labels(...values.split(" ")).inc(by);
      pending.clear();
    },
  });
  return (values, by) => void pending.set(values, (pending.get(values) ?? 0) + by);
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
