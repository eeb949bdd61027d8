import { Problem } from "../errors.ts";

/** The cause of a `source-absent` that does not prove that the object is gone: what was made of it is kept. */
export class UnsureAbsence extends Error {}

/**
 * The cause of a problem that may be one object's or the whole source's: S3 answers 403 for a missing key where the
 * server may not list the bucket, and 403 for every key of a bucket that is closed.
 */
export class AccessDenied extends UnsureAbsence {
  /** What it is once another photograph turns out to be readable. */
  readonly ofObject: Problem;

  constructor(ofObject: Problem, cause: unknown) {
    super("the storage refuses", { cause });
    this.ofObject = ofObject;
  }
}

/** Whether the source has said for certain that there is no such object: then what was made of it may go. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Problem && error.code === "source-absent" && !(error.cause instanceof UnsureAbsence)
  );
}
