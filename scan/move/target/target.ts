/** A place for photographs: a bucket or a folder. Both pass `scan/move/test/target-suite.ts`. */
export interface Target {
  /** For people: `s3://bucket/prefix/`, or a folder. */
  readonly name: string;
  /**
   * Stores a file whole under a key that has nothing yet. It never replaces anything.
   * @returns `taken` if the key has something already, whatever it is.
   * @throws CannotRun with what to correct; the signal's reason.
   */
  put(key: string, file: LocalFile, signal: AbortSignal): Promise<"stored" | "taken">;
  /**
   * What the key has now, from its bytes.
   * @returns undefined if it has nothing.
   * @throws CannotRun; the signal's reason.
   */
  read(key: string, signal: AbortSignal): Promise<Content | undefined>;
  close(): Promise<void>;
}

/** A file's identity. */
export interface Content {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export interface LocalFile extends Content {
  /** Path on this machine. */
  readonly file: string;
}
