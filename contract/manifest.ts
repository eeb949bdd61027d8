/** What the hook knows of one photograph. */
export interface ManifestImage {
  /** Displayed size in pixels, after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** The source's version, 10 hex digits: `v` in every URL. */
  readonly version: string;
  /** Dominant colour as `#rrggbb`; none where the image is transparent. */
  readonly color?: string;
  /** A 16-pixel WebP in base64, at most 150 bytes before it. */
  readonly placeholder?: string;
}

/** A member of what is said of a photograph, and what belongs there. */
export type MemberRule = readonly [name: string, takes: string, isIt: (value: unknown) => boolean];

/** Some of it is printed into pages where nothing is escaped. */
const rules: readonly MemberRule[] = [
  ["width", "a whole number of pixels", isSide],
  ["height", "a whole number of pixels", isSide],
  ["version", "10 hex digits", (value) => isText(value, /^[0-9a-f]{10}$/)],
  ["color", "#rrggbb", (value) => value === undefined || isText(value, /^#[0-9a-f]{6}$/)],
  ["placeholder", "base64", (value) => value === undefined || isBase64(value)],
];

/** The first member that is not what a scan writes of a photograph, or does not keep to another rule. */
export function brokenRule(
  image: Readonly<Record<string, unknown>>,
  more: readonly MemberRule[] = [],
): MemberRule | undefined {
  return [...more, ...rules].find(([name, , isIt]) => !isIt(image[name]));
}

export function isManifestImage(value: unknown): value is ManifestImage {
  return typeof value === "object" && value !== null && brokenRule({ ...value }) === undefined;
}

/** What the scanner writes to `assets/imgproxy.json` and the hook reads, by source key. */
export interface Manifest {
  readonly schema: 1;
  readonly images: Readonly<Record<string, ManifestImage>>;
}

/** Sorted keys and one image a line: a new photograph is one added line in the blog's history. */
export function formatManifest(manifest: Manifest): string {
  const lines = Object.entries(manifest.images)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, image]) => `    ${JSON.stringify(key)}: ${JSON.stringify(image)}`);
  return `{\n  "schema": ${manifest.schema},\n  "images": {${lines.length > 0 ? `\n${lines.join(",\n")}\n  ` : ""}}\n}\n`;
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isBase64(value: unknown): boolean {
  return isText(
    value,
    /^(?:[A-Za-z0-9+/]{4}){0,100}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/,
  );
}

/** 0 where an SVG has no size of its own. */
function isSide(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 10_000_000;
}
