/** Bytes of UTF-8 that S3 allows in an object's key. */
export const MAX_KEY_BYTES = 1024;

/**
 * Why a text cannot be a source key, or undefined when it can. One grammar for all three programs: what it refuses
 * never reaches a source, so no key can climb out of a bucket prefix or a folder, or name another host.
 */
export function keyProblem(key: string): string | undefined {
  if (key === "") return "is empty";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(key)) return "is a URL; it takes the key of an object in the bucket";
  if (key.startsWith("/")) return "starts with a slash";
  if (key.includes("\\")) return "contains a backslash";
  if (hasControlCharacter(key)) return "contains a control character";
  if (!key.isWellFormed() || key.includes("\ufffd")) return "is not valid UTF-8";
  if (key.split("/").some((segment) => segment === "." || segment === ".."))
    return 'has a "." or ".." segment';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  return undefined;
}

/** C0, DEL or C1: in no name a camera gives, and trouble in headers, logs and file systems. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
