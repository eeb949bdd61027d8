import type { Reference } from "../markup/references.ts";
import type { Tag } from "../markup/tags.ts";
import type { Edit } from "./edits.ts";
import type { Replacement } from "./variants.ts";

/** A reference and the photograph that replaces it; undefined if it stays. */
export interface Replaceable {
  readonly reference: Reference;
  readonly by: Replacement | undefined;
}

/**
 * The changes in one tag. If it shows only one photograph, it gets the attributes that the hook prints: `srcset`, `sizes`, size,
 * focus and loading. If it shows several, each gets its own URL.
 * @param isFirst whether it is the first image of its page, which must not be lazy.
 */
export function tagEdits(tag: Tag, references: readonly Replaceable[], isFirst: boolean): Edit[] {
  const edits: Edit[] = [];
  const singles = new Set(references);
  for (const prefix of tag.name === "link" ? [""] : ["", "data-", "data-lazy-"]) {
    const names = attributeNames(tag, prefix);
    const group = references.filter(({ reference: { attribute, shows } }) => {
      return shows === "picture" && (attribute?.name === names.src || attribute?.name === names.srcset);
    });
    const by = group[0]?.by;
    if (by === undefined || group.some((one) => one.by?.key !== by.key)) continue;
    edits.push(...wholeEdits(tag, names, by, prefix, isFirst));
    for (const one of group) singles.delete(one);
  }
  return [...edits, ...[...singles].flatMap(singleEdit)];
}

/** One URL for another. */
export function singleEdit({ reference, by }: Replaceable): Edit[] {
  if (by === undefined) return [];
  const { start, end } = reference.replaces;
  return [{ start, end, text: reference.replaces.escape(by.urlFor(reference.shows, reference.descriptor)) }];
}

// --- parts ---

interface Names {
  readonly src: string;
  readonly srcset: string;
  readonly sizes: string;
}

function attributeNames({ name }: Tag, prefix: string): Names {
  if (name === "link") return { src: "href", srcset: "imagesrcset", sizes: "imagesizes" };
  return { src: `${prefix}src`, srcset: `${prefix}srcset`, sizes: "sizes" };
}

function wholeEdits(tag: Tag, names: Names, by: Replacement, prefix: string, isFirst: boolean): Edit[] {
  const { attributes } = tag;
  const values: [name: string, value: string][] = [];
  if (tag.name !== "source" || attributes.has(names.src)) values.push([names.src, by.src]);
  // Without tiers, a srcset of the theme also becomes one address.
  if (by.srcset !== "") values.push([names.srcset, by.srcset]);
  else if (attributes.has(names.srcset)) values.push([names.srcset, by.src]);
  const added = new Map<string, string>();
  if (by.srcset !== "" && by.sizes !== "" && !attributes.has("data-sizes")) added.set(names.sizes, by.sizes);
  if (tag.name === "img") {
    if (by.image.width > 0 && !attributes.has("width") && !attributes.has("height")) {
      added.set("width", String(by.image.width));
      added.set("height", String(by.image.height));
    }
    if (by.focus !== undefined) {
      const position = by.focus.replace(/\d+/g, "$&%").replace(",", " ");
      added.set("style", `object-position:${position}`).set("data-focus", position);
    }
    if (prefix === "") added.set("loading", isFirst ? "eager" : "lazy");
  }
  for (const [name, value] of added) if (!attributes.has(name)) values.push([name, value]);

  const there = values.filter(([name]) => attributes.has(name));
  const absent = values.filter(([name]) => !attributes.has(name));
  return there.flatMap(([name, value], at): Edit[] => {
    const attribute = attributes.get(name);
    if (attribute === undefined) return [];
    const markup = (name: string, value: string) =>
      `${tag.escape(` ${name}="`)}${attribute.value.escape(value)}${tag.escape('"')}`;
    // New attributes are added after the last quote.
    const rest = at === there.length - 1 ? absent.map((one) => markup(...one)).join("") : "";
    const [before, after] = attribute.quote === "" ? ['"', '"'] : ["", attribute.quote];
    const text = `${tag.escape(before)}${attribute.value.escape(value)}${tag.escape(after)}${rest}`;
    return [{ start: attribute.valueStart, end: attribute.end, text }];
  });
}
