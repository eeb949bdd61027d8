import { browserAccept } from "../contract/accept.ts";
import { formatQuery, type ImageRequest, isOriginal } from "../contract/request.ts";
import { formatBytes } from "./bytes.ts";
import { formatFinding, sortFindings } from "./findings.ts";
import { style } from "./report-style.ts";
import type { ScanResult } from "./scan.ts";
import { summarize } from "./summary.ts";
import { variantName, variantsOf } from "./warm/variant.ts";

/** One page with nothing outside itself: failures first, then each photograph with its variants. */
export function htmlReport(result: ScanResult): string {
  const sum = summarize(result);
  const saved = sum.bytesBefore === 0 ? 0 : Math.round((1 - sum.bytesAfter / sum.bytesBefore) * 100);
  const errors = result.findings.filter((finding) => finding.severity === "error");
  const numbers: readonly (readonly [string, string])[] = [
    [String(sum.posts), "posts with images"],
    [String(sum.photos), "photographs"],
    [String(sum.variants), "variants"],
    [
      `${formatBytes(sum.bytesBefore)} → ${formatBytes(sum.bytesAfter)}`,
      `middle tier, AVIF: ${saved} % saved`,
    ],
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image scan</title>
<style>${style}</style>
<h1>Image scan</h1>
<p class="verdict ${errors.length > 0 ? "bad" : "good"}">${
    errors.length > 0
      ? `${errors.length} ${errors.length === 1 ? "problem" : "problems"} in the content`
      : "Every image of the site is in the cache"
  }</p>
${findingList(result)}
<dl class="numbers">${numbers.map(([value, words]) => `<div><dt>${escapeHtml(value)}</dt><dd>${escapeHtml(words)}</dd></div>`).join("")}</dl>
<main>
${[...photosByKey(result)].map(([key, shown]) => photoSection(key, shown, result)).join("\n")}
</main>
</html>
`;
}

// --- findings ---

function findingList({ findings }: ScanResult): string {
  if (findings.length === 0) return "";
  const items = sortFindings(findings)
    .sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"))
    .map((finding) => `<li class="${finding.severity}">${escapeHtml(formatFinding(finding))}</li>`);
  return `<ul class="findings">${items.join("")}</ul>`;
}

// --- photographs ---

interface ShownPhoto {
  readonly requests: Map<string, ImageRequest>;
  readonly places: string[];
}

function photosByKey({ posts, images }: ScanResult): Map<string, ShownPhoto> {
  const photos = new Map<string, ShownPhoto>();
  for (const { file, uses } of posts) {
    for (const use of uses) {
      const shown: ShownPhoto = photos.get(use.key) ?? { requests: new Map(), places: [] };
      photos.set(use.key, shown);
      shown.places.push(`${file}:${use.line}`);
      for (const request of use.candidates(images.get(use.key)).all)
        shown.requests.set(formatQuery(request), request);
    }
  }
  return photos;
}

function photoSection(key: string, { requests, places }: ShownPhoto, result: ScanResult): string {
  const info = result.photos.get(key);
  const facts =
    info === undefined
      ? "not asked for"
      : "problem" in info
        ? info.problem.detail
        : `${info.width} × ${info.height}, ${info.type}, ${formatBytes(info.bytes)}`;
  const bad = info === undefined || "problem" in info;
  const rows = [...requests.values()]
    .filter((request) => !isOriginal(request))
    .sort((a, b) => (a.width ?? 0) - (b.width ?? 0))
    .map((request) => variantRow(request, result));
  return `<section${bad ? ' class="bad"' : ""}>
${thumbnail(key, result)}
<div><h2>${escapeHtml(key)}</h2>
<p>${escapeHtml(facts)}</p>
<p class="places">${places.slice(0, 8).map(escapeHtml).join("<br>")}${places.length > 8 ? `<br>and ${places.length - 8} more` : ""}</p></div>
${rows.length > 0 ? `<table><tr><th>width<th>q<th>AVIF<th>WebP<th>JPEG</tr>${rows.join("")}</table>` : ""}
</section>`;
}

/** Inside the page, which needs no network. */
function thumbnail(key: string, { thumbnails }: ScanResult): string {
  const url = thumbnails.get(key);
  return url === undefined
    ? '<div class="thumb none">no picture</div>'
    : `<img class="thumb" alt="" src="${url}" loading="lazy">`;
}

function variantRow(request: ImageRequest, result: ScanResult): string {
  const cells = new Map<string, string>();
  for (const variant of variantsOf(request)) {
    const found = result.variants.get(variantName(variant));
    const column = variant.accept === "any" ? columnOf(request) : variant.accept;
    const words =
      found === undefined
        ? "–"
        : found.status === "failed"
          ? "failed"
          : found.bytes === undefined
            ? "there"
            : formatBytes(found.bytes);
    cells.set(column, `<td class="${found?.status ?? ""}">${words}`);
  }
  const columns = Object.keys(browserAccept).map((name) => cells.get(name) ?? "<td>");
  return `<tr><td>${request.width ?? ""}<td>${request.quality ?? ""}${columns.join("")}</tr>`;
}

function columnOf(request: ImageRequest): string {
  return request.format === "avif" || request.format === "webp" ? request.format : "none";
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
