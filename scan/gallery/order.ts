/** By name, or by the date on which a photograph was taken; with a minus sign the last name or the newest first. */
export const galleryOrders = ["name", "-name", "date", "-date"] as const;
export type GalleryOrder = (typeof galleryOrders)[number];

/**
 * The keys of a gallery in its order. Without a date, a photograph is last; equal dates are ordered by name.
 * @param dateOf as in a photograph's metadata: the time at the place where it was taken.
 */
export function orderKeys(
  keys: Iterable<string>,
  order: GalleryOrder,
  dateOf: (key: string) => string | undefined,
): string[] {
  const sorted = [...new Set(keys)].sort(compareNames);
  if (order === "name") return sorted;
  if (order === "-name") return sorted.reverse();
  // Clocks of cameras rarely know their zone: comparing places' own times gives one order for all of them.
  const dates = new Map(sorted.map((key) => [key, dateOf(key)?.slice(0, LOCAL_TIME)]));
  const sign = order === "date" ? 1 : -1;
  return sorted.sort((a, b) => {
    const [one, other] = [dates.get(a), dates.get(b)];
    if (one === undefined || other === undefined)
      return Number(one === undefined) - Number(other === undefined);
    return one === other ? 0 : one < other ? -sign : sign;
  });
}

/** `2026-05-01T12:30:00` */
const LOCAL_TIME = 19;

/**
 * The natural order of names: without regard to capitals, runs of digits by their value, everything else by code points. It is
 * the same on every machine, which `localeCompare` is not.
 */
export function compareNames(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const difference = compareParts(one[at] ?? "", other[at] ?? "");
    if (difference !== 0) return difference;
  }
  return one.length - other.length || Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Runs of digits, and single characters. */
function partsOf(name: string): readonly string[] {
  return name.toLowerCase().match(/[0-9]+|[^0-9]/gu) ?? [];
}

function compareParts(a: string, b: string): number {
  if (!isNumber(a) || !isNumber(b)) return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
  const [one, other] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}

function isNumber(part: string): boolean {
  return /^[0-9]/.test(part);
}
