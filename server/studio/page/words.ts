/** `43 KB`, `2.1 MB`: as a reader's data plan counts them. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} KB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** A score of SSIMULACRA 2.1, as a person would say it. */
export function scoreText(score: number): string {
  if (score >= 90) return "no visible difference";
  if (score >= 80) return "very hard to tell apart";
  if (score >= 70) return "good";
  if (score >= 60) return "good at a glance";
  if (score >= 50) return "fair";
  return "visibly worse";
}

/** `jpg` as `JPEG`: formats as their makers write them. */
export function formatText(format: string): string {
  const known: Readonly<Record<string, string>> = { jpg: "JPEG", webp: "WebP" };
  return known[format] ?? format.toUpperCase();
}

/** The last part of a key. One without anything to see is in quotes: a link needs a text. */
export function nameOf(key: string): string {
  const name = key.replace(/\/$/, "").split("/").at(-1) ?? key;
  return /[^\s\p{Cc}\p{Cf}]/u.test(name) ? name : JSON.stringify(name);
}

/** The folder of a key, with its slash; empty for the top. */
export function folderOf(key: string): string {
  return key.slice(0, key.replace(/\/$/, "").lastIndexOf("/") + 1);
}

export function dateText(modified: string | undefined): string {
  return modified === undefined ? "" : modified.slice(0, 10);
}
