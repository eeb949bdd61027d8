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
