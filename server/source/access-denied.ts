import { Problem } from "../errors.ts";

/** The cause of a `source-absent` that does not prove that the object is gone: its variants are kept. */
export class UnsureAbsence extends Error {}

/**
 * The cause of a problem that may belong to one object or to the whole source: S3 answers 403 for a missing key if the server
 * may not list the bucket, and 403 for every key of a closed bucket.
 */
export class AccessDenied extends UnsureAbsence {
  /** The problem if another photograph turns out to be readable. */
  readonly ofObject: Problem;

  constructor(ofObject: Problem, cause: unknown) {
    super("the storage refuses", { cause });
    this.ofObject = ofObject;
  }
}

/** Whether the source has said for certain that the object does not exist: then its variants can be deleted. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Problem && error.code === "source-absent" && !(error.cause instanceof UnsureAbsence)
  );
}
