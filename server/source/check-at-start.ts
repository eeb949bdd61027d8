import { Problem } from "../errors.ts";
import { AccessDenied, isGone, UnsureAbsence } from "./access-denied.ts";
import type { Source } from "./source.ts";

/** What is wrong with a source as it is set up. */
export interface SourceTrouble {
  /** One sentence for the operator. */
  readonly words: string;
  readonly error: unknown;
}

/** The end of a key that no photograph has. */
const NOBODYS_KEY = "imgproxy-lite-asks-at-its-start";

/**
 * Asks for an object that is not there, before readers do: a wrong bucket, address or key pair answers otherwise.
 * @param prefix of the keys of one source among several; else empty.
 * @returns undefined where the source says that there is no such object.
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
    return `it cannot be used as it is set up${said}: look at its address, bucket, credentials and clock`;
  if (error.cause instanceof AccessDenied)
    return `it refuses${said} an object that is not there: either nothing in it may be read, or it may not be listed (s3:ListBucket), so that missing photographs cannot be told from refused ones`;
  if (error.cause instanceof UnsureAbsence) return error.cause.message;
  if (error.code === "source-failed" || error.code === "source-timeout" || error.code === "source-busy")
    return "it does not answer as it should";
  return undefined;
}
