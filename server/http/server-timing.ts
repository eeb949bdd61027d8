import type { Phases } from "../telemetry/log.ts";

/** `Server-Timing` for a browser's network panel: `total;dur=12.3, source;dur=4.5`. */
export function formatServerTiming(phases: Phases): string {
  return Object.entries(phases)
    .map(([phase, milliseconds]) => `${phase};dur=${milliseconds.toFixed(1)}`)
    .join(", ");
}
