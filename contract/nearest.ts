/** A key that the author may have meant, and a difference that is hard to see. */
export interface Near {
  readonly key: string;
  /** The only difference: capitals, or how letters are composed (Unicode's normal forms). */
  readonly only?: "capitals" | "form" | "both";
}

/** Keys that the author may have meant, from common mistakes, without a listing of the bucket. */
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
 * The keys that the author may have meant, most likely first, three at most: keys that differ only in capitals or normal form,
 * then common mistakes, then keys within two letters.
 * @param known keys that exist.
 */
export function nearKeys(key: string, known: Iterable<string>): Near[] {
  const slips = new Set(likelyKeys(key));
  const near = [...new Set(known)]
    .filter((other) => other !== key)
    .flatMap((other) => {
      const only = onlyDifference(key, other);
      if (only !== undefined) return [{ key: other, only, distance: 0 }];
      const distance = slips.has(other) ? 1 : letters(key, other);
      return distance === undefined ? [] : [{ key: other, distance }];
    });
  const plain = near.some(({ distance }) => distance === 0)
    ? near.filter(({ distance }) => distance === 0)
    : near;
  return plain
    .sort((a, b) => a.distance - b.distance || (a.key < b.key ? -1 : 1))
    .slice(0, MOST)
    .map(({ distance: _, ...rest }) => rest);
}

const MOST = 3;

function onlyDifference(key: string, other: string): Near["only"] | undefined {
  if (folded(key) !== folded(other)) return undefined;
  if (key.normalize("NFC") === other.normalize("NFC")) return "form";
  return key.normalize("NFC").length - key.length === other.normalize("NFC").length - other.length
    ? "capitals"
    : "both";
}

/** How many letters differ, if at most two and fewer than the name has. */
function letters(key: string, other: string): number | undefined {
  const [a, b] = [[...folded(key)], [...folded(other)]];
  const most = Math.min(FEW, stemLength(key) - 1);
  if (Math.abs(a.length - b.length) > most) return undefined;
  const distance = editDistance(a, b, most);
  return distance > most ? undefined : distance;
}

const FEW = 2;

/** Equal for texts that differ only in capitals. It goes through upper case, so that `ß` equals `SS`. */
function folded(key: string): string {
  return key.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** Of the file's name, without its extension. */
function stemLength(key: string): number {
  return [...key.slice(key.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "")].length;
}

const cousins: Readonly<Record<string, readonly string[]>> = {
  ".jpg": [".jpeg", ".JPEG"],
  ".jpeg": [".jpg", ".JPG"],
};

/** Levenshtein distance; it stops above `most`. */
function editDistance(a: readonly string[], b: readonly string[], most: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    if (Math.min(...next) > most) return most + 1;
    row = next;
  }
  return row[b.length] ?? 0;
}
