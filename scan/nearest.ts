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

/**
 * The known key that differs least, if it differs by little: in capitals alone, then in its extension or its folder alone,
 * then in a few letters.
 */
export function nearestKey(key: string, known: Iterable<string>): string | undefined {
  let best: { readonly key: string; readonly distance: number } | undefined;
  const most = Math.max(2, Math.floor(key.length / 5));
  for (const other of known) {
    const distance = keyDistance(key, other, most);
    if (distance <= most && (best === undefined || distance < best.distance)) best = { key: other, distance };
  }
  return best?.key;
}

function keyDistance(key: string, other: string, most: number): number {
  const [a, b] = [key.toLowerCase(), other.toLowerCase()];
  if (a === b) return 0;
  if (stemOf(a) === stemOf(b)) return 0.3;
  if (nameOf(a) === nameOf(b)) return 0.6;
  return Math.abs(a.length - b.length) > most ? most + 1 : editDistance(a, b, most);
}

function stemOf(key: string): string {
  return key.replace(/\.[^./]*$/, "");
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
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
