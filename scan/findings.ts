/** One message to the author, with its place, like a compiler's. */
export interface Finding {
  /** `note`: `--check` decides it later. */
  readonly severity: "error" | "warning" | "note";
  /** Relative to the site. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `content/posts/worms.md:12:3: error: …` */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}:${finding.column}: ${finding.severity}: ${finding.message}`;
}

/** A finding about a site as a whole, at its configuration. */
export function siteFinding(severity: Finding["severity"], file: string, message: string): Finding {
  return { severity, file, line: 1, column: 1, message };
}

/** Sorted by file, line and column. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
