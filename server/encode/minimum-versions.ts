/** Versions of the image libraries by name, as sharp reports them. */
export type LibraryVersions = Readonly<Record<string, string>>;

/**
 * The first versions without a known way to execute code or hang by an image: GHSA-f88m-g3jw-g9cj (sharp, libvips),
 * CVE-2026-32739 (libheif), CVE-2023-4863 (libwebp).
 */
const floors = { sharp: "0.35.0", vips: "8.18.3", heif: "1.22.1", webp: "1.3.2" } as const;

/** Messages about libraries that are too old for untrusted images; a server must not start while there is any. */
export function libraryProblems(versions: LibraryVersions): string[] {
  return Object.entries(floors).flatMap(([name, floor]) => {
    const version = versions[name];
    // A libvips of the system may lack a format, and then reports no version for it.
    if (version === undefined)
      return name in { sharp: 0, vips: 0 } ? [`${name} does not report its version`] : [];
    return isBelow(version, floor)
      ? [
          `${name} ${version} has known vulnerabilities; install ${floor} or later (npm ci with the lockfile does)`,
        ]
      : [];
  });
}

function isBelow(version: string, floor: string): boolean {
  const [have, need] = [version, floor].map((text) => text.split(/[.-]/).map(Number));
  for (const [at, least] of (need ?? []).entries()) {
    const part = have?.[at] ?? 0;
    // "8.19.0-rc1" counts as 8.19.0; anything that is not a number counts as old.
    if (!(part >= least)) return true;
    if (part > least) return false;
  }
  return false;
}
