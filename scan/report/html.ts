import { browserAccept } from "../../contract/accept.ts";
import { type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import { counted, formatBytes } from "../counted.ts";
import { type Finding, formatFinding, sortFindings } from "../findings.ts";
import type { Answers } from "../proxy/answers.ts";
import type { Tune } from "../proxy/tuning/tune.ts";
import { eachResult, variantsOf } from "../proxy/warm/variant.ts";
import { curveFigure } from "./curve.ts";
import { style } from "./style.ts";

/** Content of a report page. */
export interface Report extends Answers {
  readonly title: string;
  /** The headline if there is no problem. */
  readonly allIsWell: string;
  readonly findings: readonly Finding[];
  /** Why the result is incomplete, if so: then the headline is not `allIsWell`, and no post is at fault. */
  readonly unsettled?: string | undefined;
  readonly numbers: readonly (readonly [value: string | number, words: string])[];
  /** How photographs were tuned, if they were. */
  readonly tune?: Pick<Tune, "floor">;
  /** Longer lists, collapsed. */
  readonly lists: readonly { readonly title: string; readonly lines: readonly string[] }[];
  readonly shown: ReadonlyMap<string, ShownPhoto>;
  /** By source key, as data URLs. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** A photograph and the places that show it. */
export interface ShownPhoto {
  readonly requests: readonly ImageRequest[];
  /** File and line. */
  readonly places: readonly string[];
}

/** One self-contained page: failures first, then each photograph with its variants. */
export function htmlReport(report: Report): string {
  const { title, findings, numbers, lists, shown } = report;
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const verdict = errors > 0 ? `${counted(errors, "problem")} to look at` : report.unsettled;
  const sections = [...shown].sort(([a], [b]) => Number(isBad(b, report)) - Number(isBad(a, report)));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<p class="verdict ${verdict === undefined ? "good" : "bad"}">${escapeHtml(verdict ?? report.allIsWell)}</p>
${findingList(findings)}
<dl class="numbers">${numbers.map(([value, words]) => `<div><dt>${escapeHtml(String(value))}</dt><dd>${escapeHtml(words)}</dd></div>`).join("")}</dl>
${lists.map(foldedList).join("\n")}
${legend(report)}
<main>
${sections.map(([key, photo]) => photoSection(key, photo, report)).join("\n")}
</main>
</html>
`;
}

// --- findings ---

function findingList(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const items = sortFindings(findings)
    .sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"))
    .map((finding) => `<li class="${finding.severity}">${escapeHtml(formatFinding(finding))}</li>`);
  return `<ul class="findings">${items.join("")}</ul>`;
}

function foldedList({ title, lines }: Report["lists"][number]): string {
  if (lines.length === 0) return "";
  const items = lines.map((line) => `<li>${escapeHtml(line)}</li>`);
  return `<details><summary>${escapeHtml(title)}: ${lines.length}</summary><ul class="findings">${items.join("")}</ul></details>`;
}

// --- photographs ---

function legend({ variants }: Report): string {
  const made = [...eachResult(variants)].some(({ status }) => status === "made");
  return made ? '<p class="legend">In <b>bold</b>: what this run has made.</p>' : "";
}

function isBad(key: string, { photos, variants, shown }: Report): boolean {
  const info = photos.get(key);
  if (info === undefined || "problem" in info) return true;
  const asked = (shown.get(key)?.requests ?? []).flatMap((request) => variantsOf(request));
  return asked.some(({ query, accept }) => variants.get(query)?.[accept]?.status === "failed");
}

function photoSection(key: string, { requests, places }: ShownPhoto, report: Report): string {
  const info = report.photos.get(key);
  const facts =
    info === undefined
      ? "not asked for"
      : "problem" in info
        ? info.problem.detail
        : `${info.width} × ${info.height}, ${info.type}, ${formatBytes(info.bytes)}`;
  const curve = info === undefined || "problem" in info ? "" : curveFigure(info, report.tune ?? {});
  const rows = (info === undefined || "problem" in info ? [] : requests)
    .filter((request) => !isOriginal(request))
    .sort((a, b) => (a.width ?? 0) - (b.width ?? 0))
    .map((request) => variantRow(request, report));
  return `<section${isBad(key, report) ? ' class="bad"' : ""}>
${thumbnail(key, report)}
<div><h2>${escapeHtml(key)}</h2>
<p>${escapeHtml(facts)}</p>
<p class="places">${places.slice(0, 8).map(escapeHtml).join("<br>")}${places.length > 8 ? `<br>and ${places.length - 8} more` : ""}</p>
${curve}</div>
${rows.length > 0 ? `<table><tr><th>width<th>q<th>AVIF<th>WebP<th>other</tr>${rows.join("")}</table>` : ""}
</section>`;
}

/** Inside the page, so that it needs no network. */
function thumbnail(key: string, { thumbnails }: Report): string {
  const url = thumbnails.get(key);
  return url === undefined
    ? '<div class="thumb none">no picture</div>'
    : `<img class="thumb" alt="" src="${url}" loading="lazy">`;
}

function variantRow(request: ImageRequest, report: Report): string {
  const cells = new Map<string, string>();
  for (const variant of variantsOf(request)) {
    const found = report.variants.get(variant.query)?.[variant.accept];
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
  return `<tr><td>${[request.width, request.ratio, request.focus].filter((part) => part !== undefined).join(" ")}<td>${request.quality ?? ""}${columns.join("")}</tr>`;
}

function columnOf(request: ImageRequest): string {
  return request.format === "avif" || request.format === "webp" ? request.format : "none";
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
