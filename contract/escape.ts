/**
 * Go's `url.QueryEscape`, which is what Hugo's `querify` prints: space becomes `+`, only `A-Z a-z 0-9 - _ . ~`
 * stay as they are. (URLSearchParams differs: it keeps `*` and escapes `~`.)
 */
export function queryEscape(text: string): string {
  // Most of what is escaped needs none of it, or slashes only.
  if (/^[A-Za-z0-9._~/-]*$/.test(text)) return text.replaceAll("/", "%2F");
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** The inverse of {@link queryEscape}, lenient as {@link decodeOnce} is: `+` is a space, then the escapes decode. */
export function queryUnescape(text: string): string {
  return decodeOnce(text.replaceAll("+", "%20"));
}

/**
 * Percent-escapes decode once; a `%` that starts no escape stays, and so does the whole text when its escapes are
 * not valid UTF-8 (`100%.jpg` and `%E9.jpg` are file names that people have). Never throws.
 */
export function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    return text;
  }
}
