/** Maximum bytes of UTF-8 in an S3 key. */
export const MAX_KEY_BYTES = 1024;

/**
 * Why a text cannot be a source key, or undefined if it can. One grammar for all three programs: a refused text never reaches a
 * source, so no key can leave a bucket prefix or a folder, or name another host.
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

/** C0, DEL or C1: no camera uses them, and they cause trouble in headers, logs and file systems. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
