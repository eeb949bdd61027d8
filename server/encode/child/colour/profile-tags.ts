import { D50 } from "./chromaticities.ts";

const MOST_TAGS = 100;

/** The place of each tag (ICC.1:2022, §7.3). @throws RangeError if the profile ends before its table of tags does. */
export function tagsOf(profile: Buffer): Map<string, number> {
  const count = Math.min(profile.readUInt32BE(128), MOST_TAGS);
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const entry = 132 + 12 * index;
      return [profile.toString("latin1", entry, entry + 4), profile.readUInt32BE(entry + 4)];
    }),
  );
}

/** The signature of a profile's numbers, such as `RGB ` (§7.2.6). */
export function numbersOf(profile: Buffer): string {
  return profile.toString("latin1", 16, 20);
}

/**
 * As in browsers, one does not count that is shorter than it or its table of tags says, is of a later version, is for another white
 * than D50, or lacks what a conversion needs, whatever else it names (§7.2.2, §7.2.4, §7.2.9, §7.2.16, §7.3 and §8).
 */
export function isWhole(profile: Buffer): boolean {
  if (profile.length < 132 || profile.toString("latin1", 36, 40) !== "acsp") return false;
  if (profile.readUInt8(8) > 4) return false;
  if (D50.some((value, at) => Math.abs(profile.readInt32BE(68 + 4 * at) / 65_536 - value) > 0.01))
    return false;
  const [bytes, tags] = [profile.readUInt32BE(0), profile.readUInt32BE(128)];
  if (Math.max(bytes, 132 + 12 * tags) > profile.length) return false;
  const areInside = Array.from({ length: tags }, (_, tag) => 132 + 12 * tag).every(
    (at) => profile.readUInt32BE(at + 4) + profile.readUInt32BE(at + 8) <= profile.length,
  );
  return areInside && converts(profile);
}

function converts(profile: Buffer): boolean {
  const tags = tagsOf(profile);
  if (tags.has("A2B0") || tags.has("A2B1")) return true;
  return (numbersOf(profile) === "GRAY" ? GREY : COLOUR).every((tag) => tags.has(tag));
}

const GREY = ["kTRC"];
const COLOUR = ["rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"];
