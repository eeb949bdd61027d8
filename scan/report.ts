import { formatBytes } from "./bytes.ts";
import type { CheckResult, UrlPlace } from "./check.ts";
import { counted } from "./counted.ts";
import type { EdgeCheckResult } from "./edge-check.ts";
import { formatFinding, sortFindings } from "./findings.ts";
import type { ScanResult } from "./scan.ts";
import { bytesOf, countResults, summarize, type WarmCounts } from "./summary.ts";

/** The last words of a scan: what was found, a table by post, the sum. */
export function formatScan(result: ScanResult): string {
  const sum = summarize(result);
  const table = result.variants.size > 0 ? postTable(result) : [];
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    ...table,
    `${counted(sum.pages, "page")}, ${sum.posts} with images: ${counted(sum.images, "image")} of ${counted(sum.photos, "photograph")}, ${counted(result.urls.length, "URL")}`,
    ...rawWords(sum.rawImages),
    ...(result.variants.size > 0
      ? [
          warmWords(sum),
          `${formatBytes(sum.bytesBefore)} of originals → ${formatBytes(sum.bytesAfter)} as a current browser loads their middle tier`,
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** The last words of a check. */
export function formatCheck(result: CheckResult): string {
  const { unscanned, unemitted } = result;
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    ...listed("emitted by hugo, not found in the content (a theme's, or a generated page's)", unscanned),
    ...listed("found in the content, not emitted by hugo", unemitted),
    `${counted(result.files, "file")} of the built site, ${counted(result.urls.length, "URL")} of the proxy`,
    warmWords(countResults(result.variants)),
  ];
  return `${lines.join("\n")}\n`;
}

/** The last words of a look through the CDN. */
export function formatEdge(result: EdgeCheckResult): string {
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    `${counted(result.urls.length, "URL")} at the public address: ${counted(result.responses, "response")}, each asked for twice, ${result.cached} of them from a cache on the way`,
  ];
  return `${lines.join("\n")}\n`;
}

/** `73 %`, or nothing where there was nothing. */
export function saving(before: number, after: number): string {
  return before === 0 ? "" : `${Math.round((1 - after / before) * 100)} %`;
}

export function formatPlace({ file, line, column }: Omit<UrlPlace, "url">): string {
  return `${file}:${line}:${column}`;
}

// --- parts ---

function rawWords(tags: number): string[] {
  if (tags === 0) return [];
  return [
    `${counted(tags, "raw <img> tag")} in the content: Hugo gives ${tags === 1 ? "it" : "them"} to no hook, so without tiers`,
  ];
}

function warmWords({ variants, hits, made, failed }: WarmCounts): string {
  return `${counted(variants, "variant")}: ${hits} ${hits === 1 ? "was" : "were"} there, ${made} made, ${failed} failed`;
}

/** Rows and lists that a person reads to the end; `--json` and `--report` have them all. */
const MOST_ROWS = 40;

function listed(title: string, places: readonly UrlPlace[]): string[] {
  if (places.length === 0) return [];
  const shown = places.slice(0, MOST_ROWS);
  return [
    `${counted(places.length, "URL")} ${title}:`,
    ...shown.map((place) => `  ${formatPlace(place)}: ${place.url}`),
    ...more(places.length - shown.length),
  ];
}

/** The heaviest posts first. */
function postTable(result: ScanResult): string[] {
  const rows = result.posts
    .map((post) => ({ post, ...bytesOf([post], result) }))
    .sort((a, b) => b.before - a.before);
  const shown = rows.slice(0, MOST_ROWS);
  const width = Math.max(4, ...shown.map(({ post }) => post.file.length));
  const line = (post: string, images: string, before: string, after: string, saved: string) =>
    `${post.padEnd(width)}  ${images.padStart(6)}  ${before.padStart(8)} → ${after.padStart(8)}  ${saved.padStart(5)}`;
  return [
    line("post", "images", "before", "after", "saved"),
    ...shown.map(({ post, before, after }) =>
      line(
        post.file,
        String(post.uses.length),
        formatBytes(before),
        formatBytes(after),
        saving(before, after),
      ),
    ),
    ...more(rows.length - shown.length),
    "",
  ];
}

function more(count: number): string[] {
  return count > 0 ? [`  … and ${count} more; --json has them all`] : [];
}
