import { Problem } from "../errors.ts";
import { AccessDenied, isGone, UnsureAbsence } from "./access-denied.ts";
import { networkFault, SILENT } from "./network-fault.ts";
import { byCode } from "./remote/verdicts.ts";
import type { Source } from "./source.ts";

/** Of a folder. */
export const FOLDER_DENIED = `its folder cannot be listed (EACCES): let the user ${process.getuid?.()} read it`;

/** The end of a key that no photograph has. */
const NOBODYS_KEY = "imgproxy-lite-asks-at-its-start";

const ANSWERS_EVERY_KEY =
  "it answers 200 for a photograph that does not exist, as a login page or a website does: check its address, and that it needs no login";

/**
 * Requests an object that does not exist, before readers come: a wrong bucket, address or key pair gives another answer.
 * @param prefix of the keys of one of several sources; otherwise empty.
 * @returns one sentence for the operator; undefined if the source says that the object does not exist.
 */
export async function checkAtStart(
  source: Source,
  prefix: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    // Not stat: only the answer to a GET says whether the object or the bucket is missing.
    const { body } = await source.open(`${prefix}${NOBODYS_KEY}`, signal);
    await body.cancel();
    return ANSWERS_EVERY_KEY;
  } catch (error) {
    return signal.aborted ? undefined : wordsFor(error);
  }
}

/** The reason for a code of S3, or of the SDK if the storage was not asked, and the setting that decides it. */
function setupReason({ storage, cause }: Problem): string | undefined {
  const code = storage?.split(" ").at(-1) ?? (cause instanceof Error ? cause.name : "");
  const { reason } = byCode.get(code) ?? {};
  return reason === undefined
    ? undefined
    : `${reason}; ${remedies.find(([about]) => about.test(reason))?.[1]}`;
}

const remedies: readonly (readonly [about: RegExp, remedy: string])[] = [
  [/no such bucket/, "correct the bucket in SOURCE, or S3_ENDPOINT"],
  [/region/, "correct AWS_REGION, or S3_ENDPOINT"],
  [/key pair/, "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"],
  [/SDK/, "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and S3_ENDPOINT"],
  [/clocks/, "correct this machine's clock"],
  [/(?:)/, "check S3_ENDPOINT, and that it is the storage's S3 address"],
];

const NO_S3 =
  "it answers 404 without a code of S3, as another web server does: check S3_ENDPOINT, and that it is the storage's S3 address";

/** Whether the SDK got a 404 that S3 does not send: its answer names what is missing. */
function isOfOtherServer({ storage, cause }: Problem): boolean {
  return storage === "404" && cause instanceof Error && "$metadata" in cause;
}

function wordsFor(error: unknown): string | undefined {
  if (!(error instanceof Problem)) return undefined;
  if (isGone(error)) return isOfOtherServer(error) ? NO_S3 : undefined;
  const said = error.storage === undefined ? "" : ` (${error.storage})`;
  if (error.code === "source-misconfigured")
    return `it cannot be used with these settings${said}: ${setupReason(error) ?? "check its address, bucket, credentials and clock"}`;
  if (error.cause instanceof AccessDenied)
    return `it refuses${said} an object that does not exist: either this server may read nothing in it, or it may not list it (s3:ListBucket), so that missing photographs look like refused ones`;
  if (error.cause instanceof UnsureAbsence) return error.cause.message;
  if (
    error.cause instanceof Error &&
    "code" in error.cause &&
    /^(?:EACCES|EPERM)$/.test(String(error.cause.code))
  )
    return FOLDER_DENIED;
  const network = networkFault(error);
  if (network !== undefined) return `${network.words}${said}; it is tried again for each photograph`;
  if (error.code === "source-timeout") return SILENT;
  if (error.code === "source-failed" || error.code === "source-busy")
    return `it gives an unexpected answer${said}: look into the storage's own log; it is tried again for each photograph`;
  return undefined;
}
