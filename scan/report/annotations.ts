import { createHash } from "node:crypto";
import path from "node:path";
import { printable } from "../../contract/printable.ts";
import type { Finding } from "../findings.ts";

/**
 * Findings in the form that GitHub shows beside changed lines.
 * @param prefix the site's folder, relative to the repository.
 */
export function githubAnnotations(findings: readonly Finding[], prefix: string): string {
  return findings
    .map(({ severity, file, line, column, message }) => {
      const place = `file=${property(path.posix.join(prefix, file))},line=${line},col=${column}`;
      return `::${severity === "note" ? "notice" : severity} ${place}::${data(message)}\n`;
    })
    .join("");
}

/** GitLab's code quality report: an artifact that merge requests show. */
export function gitlabReport(findings: readonly Finding[], prefix: string): string {
  const issues = findings.map(({ severity, file, line, message }) => ({
    description: message,
    check_name: "imgproxy-lite",
    fingerprint: createHash("sha256").update(`${file}:${message}`).digest("hex"),
    severity: { error: "critical", warning: "minor", note: "info" }[severity],
    location: { path: path.posix.join(prefix, file), lines: { begin: line } },
  }));
  return `${JSON.stringify(issues, undefined, 2)}\n`;
}

/** Escapes for the runner's syntax: a command ends at a line end, and a property also at a comma or colon. */
function data(text: string): string {
  return printable(text).replaceAll("%", "%25");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
