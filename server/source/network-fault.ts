import { tlsFault } from "../../contract/tls-fault.ts";

/**
 * Why a connection to the source failed, and the remedy, by the code of Node or OpenSSL.
 * @returns undefined if no cause of the error is a known one.
 */
export function networkFault(error: unknown): { readonly code: string; readonly words: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause ? String(cause.code) : "";
    const words = tlsFault(code) ?? rows.find(({ codes }) => codes.test(code))?.words;
    if (words !== undefined) return { code, words };
  }
  return undefined;
}

/** The code of Node, OpenSSL or the system for an error without an answer, for those who may know it: `ECONNREFUSED`. */
export function networkCode(error: unknown): string | undefined {
  const known = networkFault(error)?.code;
  if (known !== undefined) return known;
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && /^[A-Z][A-Z0-9_]{2,60}$/.test(String(cause.code))) return String(cause.code);
  return undefined;
}

/** {@link networkCode} of a source that did not answer in time. */
export const TIMED_OUT = "ETIMEDOUT";

/** What to do about it. */
export const SILENT =
  "it does not answer: check host and port in S3_ENDPOINT or SOURCE, and firewalls on the way";

const rows: readonly { readonly codes: RegExp; readonly words: string }[] = [
  {
    codes: /^(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME)$/,
    words:
      "the name of its host cannot be resolved (DNS): correct S3_ENDPOINT or SOURCE, or the machine's DNS",
  },
  {
    codes: /^ECONNREFUSED$/,
    words:
      "nothing listens at its address: correct host and port in S3_ENDPOINT or SOURCE, or start the storage",
  },
  { codes: /^ETIMEDOUT$/, words: SILENT },
  {
    codes: /^(?:EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/,
    words: "there is no way to its address: check the network, its policies and S3_ENDPOINT or SOURCE",
  },
  {
    codes: /^(?:ECONNRESET|EPIPE|HPE_\w+)$/,
    words:
      "it closes the connection without an answer: check the port, and http:// or https://, in S3_ENDPOINT or SOURCE",
  },
];
