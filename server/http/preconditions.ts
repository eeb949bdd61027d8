import { Problem } from "../errors.ts";
import type { Answer, RequestHeaders } from "./response.ts";

/** Whether a request has conditions for {@link afterPreconditions}. */
export function hasPreconditions(headers: RequestHeaders): boolean {
  return (
    headers["if-none-match"] !== undefined ||
    headers["if-modified-since"] !== undefined ||
    headers["if-match"] !== undefined ||
    headers["if-unmodified-since"] !== undefined
  );
}

/**
 * The response to a GET or HEAD unchanged, or 304 if the reader has it: the conditions of RFC 9110 §13.1 in the order of
 * §13.2.2. If-Range is checked later, with the range.
 * @throws Problem `precondition-failed`
 */
export function afterPreconditions(answer: Answer, headers: RequestHeaders): Answer {
  const { etag = "", "last-modified": modified } = answer.headers;
  const changed = modified === undefined ? undefined : Date.parse(modified);
  const ifMatch = headers["if-match"];
  if (
    ifMatch === undefined
      ? isAfter(changed, headers["if-unmodified-since"])
      : !isMatch(ifMatch, etag, "strong")
  )
    throw new Problem("precondition-failed");
  const ifNoneMatch = headers["if-none-match"];
  const isHeld =
    ifNoneMatch === undefined
      ? isAfter(changed, headers["if-modified-since"]) === false
      : isMatch(ifNoneMatch, etag, "weak");
  return isHeld ? notModified(answer) : answer;
}

// --- parts ---

function notModified(answer: Answer): Answer {
  const { "content-type": _, "content-length": __, "content-disposition": ___, ...headers } = answer.headers;
  return { ...answer, status: 304, headers, body: null };
}

/** RFC 9110 §8.8.3.2: a weak ETag never matches strongly. */
function isMatch(header: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (header.trim() === "*") return true;
  const tags: readonly string[] = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  if (comparison === "strong") return !etag.startsWith("W/") && tags.includes(etag);
  return tags.some((tag) => opaque(tag) === opaque(etag));
}

function opaque(tag: string): string {
  return tag.replace(/^W\//, "");
}

/** Undefined if there is nothing to compare: an invalid date counts as no header (RFC 9110 §13.1.3, §13.1.4). */
function isAfter(changed: number | undefined, header: string | undefined): boolean | undefined {
  const date = header === undefined ? Number.NaN : parseDate(header.trim());
  return changed === undefined || Number.isNaN(date) ? undefined : changed > date;
}

/** RFC 9110 §5.6.7, including the two obsolete formats; NaN for anything else, much of which `Date.parse` accepts. */
function parseDate(text: string): number {
  if (imfDate.test(text) || rfc850Date.test(text)) return Date.parse(text);
  return asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}

const imfDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const rfc850Date = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;
