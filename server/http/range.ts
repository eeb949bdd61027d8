/** First and last byte, inclusive, as in `Range: bytes=0-1023`. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The single range that a `Range` header requests; `whole` if there is none that must be honoured (RFC 9110 §14.2 allows a server
 * to ignore several ranges, other units and invalid ranges); or `unsatisfiable`.
 * @param bytes length of the whole object.
 */
export function parseRange(
  header: string | null | undefined,
  bytes: number,
): ByteRange | "whole" | "unsatisfiable" {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return "whole";
  if (first === "") return suffix(Number(last), bytes);
  if (last !== "" && Number(last) < Number(first)) return "whole";
  if (Number(first) >= bytes) return "unsatisfiable";
  return { first: Number(first), last: Math.min(last === "" ? bytes : Number(last), bytes - 1) };
}

function suffix(length: number, bytes: number): ByteRange | "unsatisfiable" {
  if (length === 0 || bytes === 0) return "unsatisfiable";
  return { first: Math.max(0, bytes - length), last: bytes - 1 };
}
