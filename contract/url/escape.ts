/**
 * Go's `url.QueryEscape`, which Hugo's `querify` prints: a space becomes `+`, only `A-Z a-z 0-9 - _ . ~` are not escaped.
 * (URLSearchParams differs: it keeps `*` and escapes `~`.)
 */
export function queryEscape(text: string): string {
  // Most keys need no escapes, or only those of slashes.
  if (/^[A-Za-z0-9._~/-]*$/.test(text)) return text.replaceAll("/", "%2F");
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** The inverse of {@link queryEscape}, tolerant like {@link decodeOnce}: `+` is a space, then escapes are decoded. */
export function queryUnescape(text: string): string {
  return decodeOnce(text.replaceAll("+", "%20"));
}

/**
 * Decodes percent-escapes once; a `%` that starts no escape stays, and the whole text stays if its escapes are not valid UTF-8
 * (`100%.jpg` and `%E9.jpg` are real file names). Never throws.
 */
export function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    return text;
  }
}
