import { trimSlashes } from "../../../contract/url.ts";
/** A URL on the proxy in a text of HTML, XML or JSON. */
export interface EndpointUrl {
  /** Entities decoded. */
  readonly url: string;
  readonly offset: number;
}

/**
 * The proxy's URLs in a text: what begins with an endpoint and a query, up to a quote, a bracket or white space. On real
 * sites this finds what an HTML parser finds, at a tenth of its cost.
 * @param endpoints as they are written, with or without a slash at their end.
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

/** Where a text of HTML has `<img>` tags, those in comments left out. */
export function imgTags(html: string): number[] {
  const tags: number[] = [];
  for (const { 0: found, index } of html.matchAll(/<!--[\s\S]*?(?:-->|$)|<img(?=[\s/>])/gi))
    if (!found.startsWith("<!--")) tags.push(index);
  return tags;
}

/** A feed's escaped HTML has its quotes escaped too, and a `srcset` its commas. */
function cutUrl(decoded: string): string {
  const url = /^[^\s"'<>]*/.exec(decoded)?.[0] ?? "";
  let end = url.length;
  while (url[end - 1] === ",") end--;
  return url.slice(0, end);
}

/**
 * What html/template, XML and JSON print for the characters of a URL; twice over where a feed holds HTML.
 * @param rounds more than any feed needs: each takes as long as the text.
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
