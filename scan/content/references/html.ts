import { trimSlashes } from "../../../contract/url/url.ts";
/** A URL of the proxy in an HTML, XML or JSON text. */
export interface EndpointUrl {
  /** Entities decoded. */
  readonly url: string;
  readonly offset: number;
}

/**
 * Finds the proxy's URLs in a text: an endpoint and a query, up to a quote, a bracket or white space. On real sites this finds
 * the same as an HTML parser, at a tenth of the cost.
 * @param endpoints as written, with or without a slash at the end.
 */
export function endpointUrls(text: string, endpoints: readonly string[]): EndpointUrl[] {
  return endpoints.flatMap((endpoint) => {
    const base = trimSlashes(endpoint);
    if (base === "" || !text.includes(base)) return [];
    const escaped = base.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const urls = new RegExp(
      `${escaped}/?(?:\\?|&#(?:63|x3f);)[^\\s"'<>\\\\\`]*(?:\\\\u0026[^\\s"'<>\\\\\`]*)*`,
      "gi",
    );
    return [...text.matchAll(urls)].map((match) => ({
      url: cutUrl(decodeEntities(match[0])),
      offset: match.index,
    }));
  });
}

/** Positions of `<img>` tags in an HTML text, without those in comments. */
export function imgTags(html: string): number[] {
  const tags: number[] = [];
  for (const { 0: found, index } of html.matchAll(/<!--[\s\S]*?(?:-->|$)|<img(?=[\s/>])/gi))
    if (!found.startsWith("<!--")) tags.push(index);
  return tags;
}

/**
 * In a feed's escaped HTML, quotes are escaped too, and so are commas in a `srcset`. A parenthesis may be the end of `url()`. A
 * fragment is not sent to the proxy.
 */
function cutUrl(decoded: string): string {
  const url = /^[^\s"'<>#]*/.exec(decoded)?.[0] ?? "";
  let end = closingParenthesis(url);
  while (url[end - 1] === ",") end--;
  return url.slice(0, end);
}

/** The offset of the first parenthesis that closes none of the URL's own; the length where there is none. */
function closingParenthesis(url: string): number {
  let depth = 0;
  for (const { 0: mark, index } of url.matchAll(/[()]/g)) {
    if (mark === ")" && depth === 0) return index;
    depth += mark === "(" ? 1 : -1;
  }
  return url.length;
}

/**
 * Decodes the escapes that html/template, XML and JSON use in URLs, repeatedly, because a feed contains escaped HTML.
 * @param rounds more than any feed needs; each takes time proportional to the text.
 */
export function decodeEntities(text: string, rounds = 5): string {
  const once = text
    .replaceAll("\\u0026", "&")
    .replaceAll("\\u002b", "+")
    .replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|(amp|quot|apos|lt|gt|plus));/gi, (_, hex, decimal, name) => {
      if (hex !== undefined) return codePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return codePoint(Number(decimal));
      return names[String(name).toLowerCase()] ?? "";
    });
  return once === text || rounds <= 1 ? once : decodeEntities(once, rounds - 1);
}

const names: Readonly<Record<string, string>> = {
  amp: "&",
  quot: '"',
  apos: "'",
  lt: "<",
  gt: ">",
  plus: "+",
};

function codePoint(value: number): string {
  return value > 0 && value <= 0x10ffff ? String.fromCodePoint(value) : "\ufffd";
}
