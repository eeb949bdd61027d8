import { jsonStrings } from "./json-strings.ts";
import {
  attributeReference,
  htmlReferences,
  type Reference,
  tagReferences,
  textReference,
} from "./references.ts";
import { wholeRegion } from "./region.ts";
import { readMarkup } from "./tags.ts";

/** An entry of a feed; URLs in it can be relative to its address. */
interface Item {
  link: string | undefined;
}

/** The images of RSS, Atom and sitemaps; none for other XML. */
export function xmlReferences(text: string): Reference[] {
  if (!/<(?:rss|feed|rdf:RDF|urlset)[\s>]/.test(text.slice(0, 4096))) return [];
  const references: Reference[] = [];
  let item: Item = { link: undefined };
  const add = (...found: readonly Reference[]) => {
    const of = item;
    for (const reference of found) references.push({ ...reference, item: of });
  };
  readMarkup(wholeRegion(text), "xml", {
    onTag(tag) {
      if (tag.name === "item" || tag.name === "entry") item = { link: undefined };
      const value = (name: string) => tag.attributes.get(name)?.value.text;
      const rel = value("rel") ?? "alternate";
      if (tag.name === "link" && rel === "alternate") item.link ??= value("href");
      const isEnclosure = tag.name === "link" && rel === "enclosure";
      const name = isEnclosure || tag.name === "itunes:image" ? "href" : "url";
      const attribute = tag.attributes.get(name);
      const isNamed =
        isEnclosure || /^(?:enclosure|itunes:image|media:(?:content|thumbnail))$/.test(tag.name);
      if (isNamed && attribute !== undefined)
        add(attributeReference(tag, attribute, `<${tag.name} ${name}>`, "preview"));
      // Atom can contain its HTML as elements.
      if (tag.within.includes("content") || tag.within.includes("summary")) add(...tagReferences(tag));
    },
    onText(part, open) {
      const [outer = "", name = ""] = open.slice(-2).map((tag) => tag.name);
      if (name === "link") item.link ??= part.text.trim();
      else if (/^(?:description|content:encoded|content|summary)$/.test(name))
        add(...htmlReferences(part).references);
      else if (
        name === "image:loc" ||
        name === "icon" ||
        name === "logo" ||
        (name === "url" && outer === "image")
      )
        add(textReference(part, `<${name}>`, "preview"));
    },
  });
  return references.filter(({ url }) => url.trim() !== "");
}

/** The images of a JSON Feed; none for other JSON. */
export function jsonReferences(text: string): Reference[] {
  if (!/"version"\s*:\s*"https:\/\/jsonfeed\.org\//.test(text.slice(0, 4096))) return [];
  const strings = jsonStrings(wholeRegion(text));
  const items = new Map<string, Item>();
  for (const { path, value } of strings)
    if (path.length === 3 && path[2] === "url") items.set(path[1] ?? "", { link: value.text });
  return strings.flatMap(({ path, value }) => {
    const key = path.at(-1) ?? "";
    const item = path[0] === "items" ? items.get(path[1] ?? "") : undefined;
    const found =
      key === "content_html"
        ? htmlReferences(value).references
        : isJsonPicture(path, key)
          ? [textReference(value, key, "preview")]
          : [];
    return item === undefined ? found : found.map((reference) => ({ ...reference, item }));
  });
}

function isJsonPicture(path: readonly string[], key: string): boolean {
  if (/^(?:image|banner_image|icon|favicon|avatar)$/.test(key)) return true;
  return key === "url" && path.at(-3) === "attachments";
}
