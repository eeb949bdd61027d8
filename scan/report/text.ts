import { printable } from "../../contract/printable.ts";
import { altWords } from "../alt/alt-text.ts";
import type { Rewritten } from "../built/rewrite/rewrite.ts";
import type { CheckResult, UrlPlace } from "../check.ts";
import { counted, formatBytes } from "../counted.ts";
import type { EdgeCheckResult } from "../edge/check-edge.ts";
import { formatFinding, sortFindings } from "../findings.ts";
import type { ScanResult } from "../scan.ts";
import { bytesOf, countResults, postName, type Summary, summarize, type WarmCounts } from "./summary.ts";

/** The text at the end of a scan: findings, a table by post, totals. */
export function formatScan(result: ScanResult): string {
  const sum = summarize(result);
  const table = result.variants.size > 0 ? postTable(result) : [];
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    ...table,
    `${counted(sum.pages, "page")}, ${sum.posts} with images: ${counted(sum.images, "image")} of ${counted(sum.photos, "photograph")}, ${counted(result.urls.length, "URL")}`,
    ...lookedWords(sum),
    ...tunedWords(sum),
    ...rawWords(sum.rawImages),
    ...altWords(result.altProblems),
    ...leftOutWords(result.leftOut),
    ...(result.variants.size > 0
      ? [
          warmWords(sum),
          `${formatBytes(sum.bytesBefore)} of originals → ${formatBytes(sum.bytesAfter)} as a current browser loads their middle tier${sum.unweighed === 0 ? "" : `; without ${counted(sum.unweighed, "photograph")} of unknown size`}`,
        ]
      : []),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** The text at the end of a check. */
export function formatCheck(result: CheckResult): string {
  const { unscanned, unemitted, unprinted } = result;
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    ...listed("in the built site, but not in the content (from a theme, or on a generated page)", unscanned),
    ...listed(
      "in the content, but not in the built site",
      unemitted.filter(({ isCover }) => isCover !== true),
    ),
    ...coverWords(unprinted),
    ...(result.rewritten === undefined ? [] : [rewrittenWords(result.rewritten)]),
    `${counted(result.files, "file")} of the built site, ${counted(result.urls.length, "URL")} of the proxy`,
    warmWords(countResults(result.variants)),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** The text at the end of a check through the CDN. */
export function formatEdge(result: EdgeCheckResult): string {
  const lines = [
    ...sortFindings(result.findings).map(formatFinding),
    `${counted(result.urls.length, "URL")} at the public address: ${counted(result.responses, "response")}, each requested twice, ${result.cached} of them from a cache`,
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** `73 %`, or nothing if the total is 0. */
export function saving(before: number, after: number): string {
  return before === 0 ? "" : `${Math.round((1 - after / before) * 100)} %`;
}

export function formatPlace({ file, line, column }: Omit<UrlPlace, "url">): string {
  return `${file}:${line}:${column}`;
}

// --- parts ---

function leftOutWords(requests: number): string[] {
  if (requests === 0) return [];
  return [
    `${counted(requests, "URL")} of covers left out: at the last --check no page of the site used ${requests === 1 ? "it" : "them"}`,
  ];
}

/** One line for each photograph, and what to do. */
function coverWords(covers: CheckResult["unprinted"]): string[] {
  const nowhere = covers.filter(({ missing }) => missing === "all");
  const inPreviews = covers.length - nowhere.length;
  return [
    ...rows(
      `${counted(nowhere.length, "cover")} of front matter that no page shows`,
      nowhere,
      ({ key }) => key,
    ),
    ...(nowhere.length === 0
      ? []
      : [
          '  show them in lists of pages with partial "imgproxy/img.html", or remove their field from params.imgproxy.frontmatter; the next scan does not warm them',
        ]),
    ...(inPreviews === 0
      ? []
      : [
          `${counted(inPreviews, "cover")} only in link previews: the next scan warms nothing else of ${inPreviews === 1 ? "it" : "them"}`,
        ]),
  ];
}

function lookedWords({ looked, lookedSeconds }: Pick<Summary, "looked" | "lookedSeconds">): string[] {
  if (looked === 0) return [];
  return [`${counted(looked, "photograph")} looked through for missing pixels in ${lookedSeconds} s`];
}

function tunedWords({
  tuned,
  untuned,
  tunedSeconds,
}: Pick<Summary, "tuned" | "untuned" | "tunedSeconds">): string[] {
  if (tuned + untuned === 0) return [];
  const left =
    untuned === 0 ? "" : `; ${untuned} left for the next scan (--tune-budget gives them more time)`;
  return [`${counted(tuned, "photograph")} tuned, in ${tunedSeconds} s${left}`];
}

function rawWords(tags: number): string[] {
  if (tags === 0) return [];
  return [
    `${counted(tags, "raw <img> tag")} in the content: Hugo gives ${tags === 1 ? "it" : "them"} to no hook, so without tiers`,
  ];
}

function warmWords({ variants, hits, made, failed }: WarmCounts): string {
  return `${counted(variants, "variant")}: ${hits} ${hits === 1 ? "was" : "were"} there, ${made} made, ${failed} failed`;
}

/** Maximum rows of tables and lists; `--json` and `--report` have all of them. */
const MOST_ROWS = 40;

function listed(title: string, places: readonly UrlPlace[]): string[] {
  return rows(`${counted(places.length, "URL")} ${title}`, places, ({ url }) => url);
}

function rows<Row extends Omit<UrlPlace, "url">>(
  title: string,
  all: readonly Row[],
  words: (row: Row) => string,
): string[] {
  if (all.length === 0) return [];
  const shown = all.slice(0, MOST_ROWS);
  return [
    `${title}:`,
    ...shown.map((row) => `  ${formatPlace(row)}: ${words(row)}`),
    ...more(all.length - shown.length),
  ];
}

/** `3 references in 2 files now name the proxy` */
function rewrittenWords({ files, references }: Rewritten): string {
  return `${counted(references, "reference")} in ${counted(files, "file")} rewritten to the proxy`;
}

/** The largest posts first. */
function postTable(result: ScanResult): string[] {
  const rows = result.posts
    .map((post) => ({ post, ...bytesOf([post], result) }))
    .sort((a, b) => b.before - a.before);
  const shown = rows.slice(0, MOST_ROWS);
  const width = Math.max(4, ...shown.map(({ post }) => postName(post).length));
  const line = (post: string, images: string, [before, after, saved]: Sizes) =>
    `${post.padEnd(width)}  ${images.padStart(6)}  ${before.padStart(8)} → ${after.padStart(8)}  ${saved.padStart(5)}`;
  return [
    line("post", "images", ["before", "after", "saved"]),
    ...shown.map(({ post, before, after, unknown }) => {
      const sizes: Sizes =
        unknown > 0 ? ["–", "–", "–"] : [formatBytes(before), formatBytes(after), saving(before, after)];
      return line(postName(post), String(post.uses.length), sizes);
    }),
    ...more(rows.length - shown.length),
    ...(shown.some(({ unknown }) => unknown > 0)
      ? ["  –: the size of a photograph is not known, because its middle tier could not be made"]
      : []),
    "",
  ];
}

/** Before, after and saved. */
type Sizes = readonly [string, string, string];

function more(count: number): string[] {
  return count > 0 ? [`  … and ${count} more; --json has them all`] : [];
}
