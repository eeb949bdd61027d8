/** Keys that the author may have meant: the slips that people make, without a listing of the bucket. */
export function likelyKeys(key: string): string[] {
  const [, stem = key, extension = ""] = /^(.*)(\.[^./]*)$/.exec(key) ?? [];
  const extensions = [
    extension.toLowerCase(),
    extension.toUpperCase(),
    ...(cousins[extension.toLowerCase()] ?? []),
  ];
  const guesses = [
    ...extensions.map((other) => stem + other),
    key.toLowerCase(),
    stem.toLowerCase() + extension,
    key.normalize("NFC"),
    key.normalize("NFD"),
    key.replaceAll(" ", "-"),
    key.replaceAll(" ", "_"),
    key.replaceAll("_", "-"),
    key.replaceAll("-", "_"),
    key.replaceAll("//", "/"),
    key.slice(key.lastIndexOf("/") + 1),
  ];
  return [...new Set(guesses)].filter((guess) => guess !== key && guess !== "");
}

/** The known key that differs least, if it differs by little. */
export function nearestKey(key: string, known: Iterable<string>): string | undefined {
  let best: { readonly key: string; readonly distance: number } | undefined;
  const most = Math.max(2, Math.floor(key.length / 5));
  for (const other of known) {
    if (Math.abs(other.length - key.length) > most) continue;
    const distance = editDistance(key.toLowerCase(), other.toLowerCase(), most);
    if (distance <= most && (best === undefined || distance < best.distance)) best = { key: other, distance };
  }
  return best?.key;
}

const cousins: Readonly<Record<string, readonly string[]>> = {
  ".jpg": [".jpeg", ".JPEG"],
  ".jpeg": [".jpg", ".JPG"],
};

/** Levenshtein's, given up beyond `most`. */
function editDistance(a: string, b: string, most: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    if (Math.min(...next) > most) return most + 1;
    row = next;
  }
  return row[b.length] ?? 0;
}
