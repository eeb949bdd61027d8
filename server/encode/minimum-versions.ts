/** Versions of the image libraries by name, as sharp tells them. */
export type LibraryVersions = Readonly<Record<string, string>>;

/**
 * The first versions without a known way to run code or hang by a picture: GHSA-f88m-g3jw-g9cj (sharp, libvips),
 * CVE-2026-32739 (libheif), CVE-2023-4863 (libwebp).
 */
const floors = { sharp: "0.35.0", vips: "8.18.3", heif: "1.22.1", webp: "1.3.2" } as const;

/** What is too old to be shown strangers' pictures, in words; nobody should be served while there is any. */
export function libraryProblems(versions: LibraryVersions): string[] {
  return Object.entries(floors).flatMap(([name, floor]) => {
    const version = versions[name];
    // A libvips of the system's may leave out a format, and says nothing of it then.
    if (version === undefined)
      return name in { sharp: 0, vips: 0 } ? [`${name} does not tell its version`] : [];
    return isBelow(version, floor)
      ? [`${name} ${version} has known holes; install ${floor} or later (npm ci with the lockfile does)`]
      : [];
  });
}

function isBelow(version: string, floor: string): boolean {
  const [have, need] = [version, floor].map((text) => text.split(/[.-]/).map(Number));
  for (const [at, least] of (need ?? []).entries()) {
    const part = have?.[at] ?? 0;
    // "8.19.0-rc1" counts as 8.19.0; what is no number counts as old.
    if (!(part >= least)) return true;
    if (part > least) return false;
  }
  return false;
}
