import { Problem } from "../errors.ts";
import { AccessDenied, isGone, UnsureAbsence } from "./access-denied.ts";
import type { Source } from "./source.ts";

/** A problem of a source's configuration. */
export interface SourceTrouble {
  /** One sentence for the operator. */
  readonly words: string;
  readonly error: unknown;
}

/** The end of a key that no photograph has. */
const NOBODYS_KEY = "imgproxy-lite-asks-at-its-start";

/**
 * Requests an object that does not exist, before readers come: a wrong bucket, address or key pair gives another answer.
 * @param prefix of the keys of one of several sources; otherwise empty.
 * @returns undefined if the source says that the object does not exist.
 */
export async function checkAtStart(
  source: Source,
  prefix: string,
  signal: AbortSignal,
): Promise<SourceTrouble | undefined> {
  try {
    await source.stat(`${prefix}${NOBODYS_KEY}`, signal);
    return undefined;
  } catch (error) {
    const words = signal.aborted ? undefined : wordsFor(error);
    return words === undefined ? undefined : { words, error };
  }
}

function wordsFor(error: unknown): string | undefined {
  if (!(error instanceof Problem) || isGone(error)) return undefined;
  const said = error.storage === undefined ? "" : ` (${error.storage})`;
  if (error.code === "source-misconfigured")
    return `it cannot be used with these settings${said}: check its address, bucket, credentials and clock`;
  if (error.cause instanceof AccessDenied)
    return `it refuses${said} an object that does not exist: either this server may read nothing in it, or it may not list it (s3:ListBucket), so that missing photographs look like refused ones`;
  if (error.cause instanceof UnsureAbsence) return error.cause.message;
  if (error.code === "source-failed" || error.code === "source-timeout" || error.code === "source-busy")
    return "it gives an unexpected answer";
  return undefined;
}
