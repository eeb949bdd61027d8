import type { LocalReference } from "../../content/found.ts";

/**
 * Whether a reference means a key as soon as the file of the site is gone, whether the manifest has the photograph yet or not.
 * @param has whether the manifest has a key.
 */
export function alreadyNames(
  { keys }: Pick<LocalReference, "keys">,
  key: string,
  has: (key: string) => boolean,
): boolean {
  return keys[0] === key && !keys.some((other) => other !== key && has(other));
}

/**
 * The path of a destination that means a key on its page. A slash at the start excludes the page's folder.
 * It needs no escapes in Markdown, shortcodes, YAML, TOML and JSON.
 */
export function pathFor(
  key: string,
  { keys, destination }: Pick<LocalReference, "keys" | "destination">,
): string {
  const escaped = key.replace(/[^\p{L}\p{N}\p{M}._~/-]/gu, (character) =>
    encodeURIComponent(character).replace(
      /[!'()*]/g,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  );
  return keys.length > 1 || destination.startsWith("/") ? `/${escaped}` : escaped;
}

/** A destination without its query and fragment. */
export function pathPart(destination: string): string {
  return destination.replace(/[?#].*$/s, "");
}
