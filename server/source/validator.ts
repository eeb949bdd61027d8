/*
 * Every kind of validator: a strong ETag in its quotes, `sha256:` of the content, `modified:` time and length, `stat:` time and
 * length of a file.
 */

/** Whether equal validators mean equal bytes: a strong ETag, or the content's hash. */
export function isStrong(validator: string): boolean {
  return validator.startsWith('"') || validator.startsWith("sha256:");
}

/** @param hash SHA-256 of the content, in hex. */
export function contentValidator(hash: string): string {
  return `sha256:${hash.slice(0, 32)}`;
}

/** Of a file whose content is not read. */
export function statValidator(mtimeNs: bigint, bytes: number): string {
  return `stat:${mtimeNs} ${bytes}`;
}

/**
 * A value that changes whenever the bytes change: a strong ETag as it is, otherwise Last-Modified and length. A weak ETag only
 * means that two bodies are equivalent (RFC 9110 §8.8.1).
 */
export function validatorOf(etag: string | undefined, modified: string | undefined, bytes: number): string {
  if (etag?.startsWith('"') && etag.length > 2) return etag;
  return `modified:${modified ?? ""} ${bytes}`;
}
