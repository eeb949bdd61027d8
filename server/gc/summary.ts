import type { SweepSummary } from "./sweep.ts";

/** The log line of a sweep. */
export function formatSummary(summary: SweepSummary, options: { readonly maxBytes: number }): string {
  const { keptFiles, keptBytes, deletedFiles, deletedBytes, deletedPinned, deletedTemporary } = summary;
  const share = Math.round((100 * keptBytes) / options.maxBytes);
  return [
    `kept ${count(keptFiles, "file")}, ${formatSize(keptBytes)} (${share} % of ${formatSize(options.maxBytes)})`,
    `longest unused ${age(summary.oldestKeptMs)}`,
    `${summary.dryRun ? "would delete" : "deleted"} ${count(deletedFiles, "file")}, ${formatSize(deletedBytes)}` +
      ` (${deletedPinned} pinned), ${count(deletedTemporary, "half-written file")}`,
    ...(summary.foreignFiles > 0
      ? [`${count(summary.foreignFiles, "file")} of other programs not touched`]
      : []),
    ...(summary.unreadSets.length > 0
      ? [`nothing was evicted, because published sets cannot be read: ${summary.unreadSets.join(", ")}`]
      : []),
    ...(summary.failedDeletes > 0 ? [`${count(summary.failedDeletes, "file")} could not be deleted`] : []),
  ].join("; ");
}

function count(number: number, noun: string): string {
  // Not toLocaleString: its first call loads ICU's data, and blocks the server for 30 ms.
  const digits = String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
  return `${digits} ${noun}${number === 1 ? "" : "s"}`;
}

/** `1.2 MiB` */
export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

function age(ms: number): string {
  const [days, hours, minutes] = [ms / 86_400_000, ms / 3_600_000, ms / 60_000].map(Math.floor);
  return days ? `${days} d` : hours ? `${hours} h` : `${minutes ?? 0} min`;
}
