/** A file that init writes. */
export interface Change {
  /** Relative to the site. */
  readonly file: string;
  /** Its text now; undefined if it does not exist. */
  readonly before: string | undefined;
  readonly after: string;
}
