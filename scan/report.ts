import { formatFinding, sortFindings } from "./findings.ts";
import type { ScanResult } from "./scan.ts";
import { summarize } from "./summary.ts";

/** The last words of a scan: every finding, then the sum. */
export function formatReport(result: ScanResult): string {
  const sum = summarize(result);
  const findings = sortFindings(result.findings).map(formatFinding);
  const counts = `${sum.pages} pages, ${sum.posts} with images: ${sum.images} images of ${sum.photos} photographs`;
  const warmed = `${sum.variants} variants: ${sum.hits} were there, ${sum.made} made, ${sum.failed} failed`;
  const saved = `${formatBytes(sum.bytesBefore)} of originals → ${formatBytes(sum.bytesAfter)} as a current browser loads them`;
  return [...findings, counts, ...(result.variants.size > 0 ? [warmed, saved] : []), ""].join("\n");
}

/** The same for programs. */
export function reportJson(result: ScanResult): string {
  const { posts, urls, findings } = result;
  const report = {
    summary: summarize(result),
    urls,
    posts: posts.map((post) => ({
      file: post.file,
      images: post.uses.map(({ key, line, column }) => ({ key, line, column })),
    })),
    findings: sortFindings(findings),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
