/** `fm=json`: what the server knows of one photograph. */
export interface ImageInfo {
  readonly key: string;
  /** Displayed size in pixels, after EXIF rotation; 0 for an SVG without a size. */
  readonly width: number;
  readonly height: number;
  /** The original's media type by its first bytes, such as `image/jpeg`. */
  readonly type: string;
  /** Bytes of the original. */
  readonly bytes: number;
  /** First 10 hex digits of SHA-256 over the source's validator. */
  readonly version: string;
  readonly frames: number;
  readonly alpha: boolean;
  /** Dominant colour as `#rrggbb`; absent where the image is transparent. */
  readonly color?: string;
  /** A 16-pixel WebP in base64, at most 150 bytes before it; absent for SVG. */
  readonly placeholder?: string;
}
