import { askedFormats, type Format } from "../../contract/formats.ts";
import { defaultParams, type SiteParams, type SourcePrefix } from "../../contract/params.ts";
import { MAX_QUALITY, MAX_WIDTH } from "../../contract/request.ts";
import { namedLadders, type Tier } from "../../contract/tiers.ts";
import { CannotRun } from "../cannot-run.ts";
import { type ConfigTree, isTree, lowerKeys } from "./config/tree.ts";

/**
 * Parses `[params.imgproxy]`, with defaults filled in.
 * @param given keys in lower case.
 * @param originOf the file that set a key, for errors.
 * @throws CannotRun with every fault, each with file and key.
 */
export function parseParams(given: ConfigTree, originOf: (key: string) => string): SiteParams {
  const faults: string[] = [];
  const read = <T>(name: keyof SiteParams, fallback: T, parse: (value: unknown) => T): T => {
    const value = given[name];
    if (value === undefined) return fallback;
    try {
      return parse(parsedText(name, value));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const key = `params.imgproxy.${name}`;
      faults.push(`${originOf(key)}: ${key} takes ${error.message}; it is ${JSON.stringify(value)}`);
      return fallback;
    }
  };
  const d = defaultParams;
  const params: SiteParams = {
    endpoint: read("endpoint", d.endpoint, endpoint),
    tiers: read("tiers", d.tiers, tiers),
    sizes: read("sizes", d.sizes, text),
    fixed: read("fixed", d.fixed, fixed),
    formats: read("formats", d.formats, formatsOf),
    resolve: read("resolve", d.resolve, oneOf("flat", "page")),
    sources: read("sources", d.sources, sources),
    local: read("local", d.local, oneOf("hugo", "proxy")),
    manifest: read("manifest", d.manifest, text),
    versioned: read("versioned", d.versioned, flag),
    eagerfirst: read("eagerfirst", d.eagerfirst, (value) => (value === "auto" ? value : flag(value))),
    placeholder: read("placeholder", d.placeholder, oneOf("none", "color", "image")),
    figure: read("figure", d.figure, flag),
    link: read("link", d.link, oneOf("none", "original", "widest")),
    lightbox: read("lightbox", d.lightbox, flag),
    sign: read("sign", d.sign, flag),
    strict: read("strict", d.strict, flag),
    frontmatter: read("frontmatter", d.frontmatter, texts),
    social: read("social", d.social, social),
  };
  if (faults.length > 0) throw new CannotRun(faults.join("\n"));
  return params;
}

// --- values ---

/** What a key takes; completes a sentence. */
class Fault extends Error {}

/** Lists and tables from the environment are JSON, as in layouts/partials/imgproxy/_/site/given.html. */
function parsedText(name: string, value: unknown): unknown {
  if (typeof value !== "string" || !structured.has(name) || !/^\s*[[{]/.test(value)) return value;
  try {
    return lowerKeys(JSON.parse(value));
  } catch {
    throw new Fault("JSON where it begins with a bracket");
  }
}

const structured: ReadonlySet<string> = new Set(["tiers", "formats", "sources", "frontmatter", "social"]);

function text(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Fault("text");
}

function flag(value: unknown): boolean {
  const word = String(value).toLowerCase();
  if (["true", "1", "yes"].includes(word)) return true;
  if (["false", "0", "no", ""].includes(word)) return false;
  throw new Fault("true or false");
}

function integer(value: unknown, most: number): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new Fault(`a whole number from 1 to ${most}`);
}

function fixed(value: unknown): number {
  return value === 0 || value === "0" ? 0 : integer(value, MAX_WIDTH);
}

function oneOf<T extends string>(...known: readonly T[]): (value: unknown) => T {
  return (value) => {
    const one = known.find((name) => name === value);
    if (one === undefined) throw new Fault(known.join(" or "));
    return one;
  };
}

function list<T>(value: unknown, words: string, item: (one: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new Fault(words);
  return value.map((one: unknown) => item(one));
}

function texts(value: unknown): string[] {
  return list(typeof value === "string" ? [value] : value, "a list of names", text);
}

function endpoint(value: unknown): string {
  if (value === "" || (typeof value === "string" && /^https?:\/\/[^/]/i.test(value))) return value;
  throw new Fault('a URL such as "https://images.example/"');
}

function tiers(value: unknown): string | readonly Tier[] {
  const words = `${Object.keys(namedLadders).join(", ")} or a list of {width, quality}`;
  if (typeof value === "string" && namedLadders[value] !== undefined) return value;
  const ladder = list(value, words, (one) => {
    if (!isTree(one)) throw new Fault(words);
    return { width: integer(one.width, MAX_WIDTH), quality: integer(one.quality, MAX_QUALITY) };
  });
  if (ladder.length === 0) throw new Fault(words);
  return ladder;
}

function formatsOf(value: unknown): "auto" | readonly Format[] {
  if (value === "auto") return "auto";
  const asked = list(value, `auto or a list of ${askedFormats.join(", ")}`, oneOf(...askedFormats));
  if (asked.length === 0) throw new Fault(`auto or a list of ${askedFormats.join(", ")}`);
  return asked;
}

function sources(value: unknown): readonly SourcePrefix[] {
  const words = 'a list of {prefix = "https://…/", key = "…"}';
  return list(value, words, (one) => {
    if (!isTree(one) || typeof one.prefix !== "string" || one.prefix === "") throw new Fault(words);
    return { prefix: one.prefix, key: one.key === undefined ? "" : text(one.key) };
  });
}

function social(value: unknown): SiteParams["social"] {
  if (!isTree(value)) throw new Fault("a table with a width");
  return {
    width: value.width === undefined ? defaultParams.social.width : integer(value.width, MAX_WIDTH),
  };
}
