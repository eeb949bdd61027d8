import { type Finding, formatFinding } from "../../findings.ts";
import { type Answers, isThere, type Place } from "../answers.ts";
import { eachVariant, type Requests, type WarmResults } from "./variant.ts";

/** A photograph can be replaced between the probe and its warm-up: then the manifest names a version that is gone. */

/** @returns the keys of photographs with a variant of another version than the probe's and the request's. */
export function changedSince(
  photos: Answers["photos"],
  requests: Requests,
  variants: WarmResults,
): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const { request, accept, query } of eachVariant(requests)) {
    const { key, version } = request;
    const result = variants.get(query)?.[accept];
    const info = photos.get(key);
    if (result === undefined || !("v" in result) || !isThere(info)) continue;
    // Without a manifest, the pages can name an older version.
    if (result.v !== info.version && result.v !== version) changed.add(key);
  }
  return changed;
}

/** An error at each place that shows a photograph which has changed again and again. */
export function changedFindings(places: Iterable<Place>, changed: ReadonlySet<string>): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { file, key, line, column } of places) {
    if (!changed.has(key)) continue;
    const message = `${key} is replaced again and again while the scan runs: scan again when its upload is done`;
    const finding: Finding = { severity: "error", file, line, column, message };
    findings.set(formatFinding(finding), finding);
  }
  return [...findings.values()];
}

/** What a scan has made, it has made, also if it is run again because of another photograph. */
export function withMade(before: WarmResults, now: WarmResults): WarmResults {
  const all = new Map(now);
  for (const [query, byReader] of now) {
    const made = Object.entries(before.get(query) ?? {}).filter(([, { status }]) => status === "made");
    if (made.length > 0) all.set(query, { ...byReader, ...Object.fromEntries(made) });
  }
  return all;
}
