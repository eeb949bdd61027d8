/** Whether equal validators mean equal bytes: an ETag that says so, or the content's hash. */
export function isStrong(validator: string): boolean {
  return validator.startsWith('"') || validator.startsWith("sha256:");
}

/**
 * What changes whenever the bytes do: a strong ETag as it stands, else Last-Modified and length. A weak ETag says
 * only that two bodies mean the same (RFC 9110 §8.8.1).
 */
export function validatorOf(etag: string | undefined, modified: string | undefined, bytes: number): string {
  if (etag?.startsWith('"') && etag.length > 2) return etag;
  return `modified:${modified ?? ""} ${bytes}`;
}
