/** Whether equal validators mean equal bytes: a strong ETag, or the content's hash. */
export function isStrong(validator: string): boolean {
  return validator.startsWith('"') || validator.startsWith("sha256:");
}

/**
 * A value that changes whenever the bytes change: a strong ETag as it is, otherwise Last-Modified and length. A weak ETag only
 * means that two bodies are equivalent (RFC 9110 §8.8.1).
 */
export function validatorOf(etag: string | undefined, modified: string | undefined, bytes: number): string {
  if (etag?.startsWith('"') && etag.length > 2) return etag;
  return `modified:${modified ?? ""} ${bytes}`;
}
