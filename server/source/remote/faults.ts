import { Problem } from "../../errors.ts";
import { AccessDenied } from "../access-denied.ts";
import { networkCode, networkFault, TIMED_OUT } from "../network-fault.ts";
import { byCode, byStatus, type EntryClass, KMS } from "./verdicts.ts";

/** An error in the storage's answer. */
export interface StorageError {
  /** Undefined if there was no answer. */
  readonly status?: number | undefined;
  /** S3's code, such as `NoSuchKey`. */
  readonly code?: string;
  readonly message?: string;
  /** The storage class of an archived object, such as `GLACIER`. */
  readonly storageClass?: string;
  readonly retryAfterSeconds?: number;
  readonly cause: unknown;
}

/**
 * The problem for the reader, by the storage's code, else by its status. The storage's message may contain names of buckets and
 * accounts: it stays in the cause, for the log.
 */
export function faultProblem(error: StorageError): Problem {
  const verdict = verdictOf(error);
  if (verdict.unsure !== true) return problemOf(verdict, error);
  const fault = verdict.fault === "setup" ? "object" : verdict.fault;
  const ofObject = problemOf({ ...verdict, fault }, error);
  return problemOf(verdict, { ...error, cause: new AccessDenied(ofObject, error.cause) });
}

// --- verdicts ---

function verdictOf({ status, code = "", message = "", cause }: StorageError): EntryClass {
  // The SDK has one name, TimeoutError, for a slow answer and for a closed connection.
  const network = status === undefined ? networkFault(cause)?.code : undefined;
  if (network !== undefined) return { fault: network === TIMED_OUT ? "timeout" : "failed" };
  if (ofKms.test(message) && keyCodes.has(code)) return { fault: "object", words: KMS };
  const known = byCode.get(code) ?? byStatus.get(status);
  if (known !== undefined) return known;
  if (status === undefined || status >= 500) return { fault: "failed" };
  return status >= 300 && status < 400 ? { fault: "moved" } : { fault: "object", unsure: true };
}

/** AWS and RGW give these codes with this message if the server may not use an object's KMS key. */
const keyCodes: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidAccessKeyId",
  "InvalidArgument",
  "InvalidRequest",
]);
const ofKms =
  /\bkms:(?:Decrypt|GenerateDataKey)\b|\bKMS (?:key|provided)\b|\bkms-keyid\b|\barn:aws[a-z-]*:kms:/;

// --- problems ---

function problemOf({ fault, unsure, words }: EntryClass, error: StorageError): Problem {
  const { status, cause, retryAfterSeconds } = error;
  const about = {
    cause,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...storageOf(error),
  };
  if (fault === "object") {
    const archive = error.storageClass === undefined ? "" : ` in ${error.storageClass}`;
    const detail = words?.replace("{class}", archive) ?? `The storage answers ${status} for it.`;
    return new Problem("withheld-source", { ...about, detail });
  }
  if (fault === "absent" && unsure === true)
    return new Problem("source-absent", {
      ...about,
      detail: "There is no such photograph, or the storage does not let this server read it.",
    });
  return new Problem(codeOf[fault], about);
}

/** The storage's answer, or why there is none. */
function storageOf({ status, code, cause }: StorageError): { readonly storage?: string } {
  if (status !== undefined) return { storage: code === undefined ? String(status) : `${status} ${code}` };
  const storage = networkCode(cause);
  return storage === undefined ? {} : { storage };
}

const codeOf = {
  absent: "source-absent",
  moved: "moved-source",
  range: "bad-range",
  setup: "source-misconfigured",
  busy: "source-busy",
  timeout: "source-timeout",
  failed: "source-failed",
} as const;
