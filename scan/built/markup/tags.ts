import { QuoteType, Tokenizer } from "htmlparser2";
import { attributeRegion, type Region, regionPart, xmlRegion } from "./region.ts";

/** An attribute of a tag. */
export interface Attribute {
  /** In lower case in HTML. */
  readonly name: string;
  readonly value: Region;
  /** Range in the file: from its name to after its last quote. */
  readonly start: number;
  readonly end: number;
  /** Range of the value, without quotes. */
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly quote: '"' | "'" | "";
}

/** A start tag. */
export interface Tag {
  readonly name: string;
  /** The first of each name, which counts. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Range in the file: from its `<` to after its `>`. */
  readonly start: number;
  readonly end: number;
  /** The elements around it, outermost first; in HTML only those in {@link KEPT}. */
  readonly within: readonly string[];
  /** Escapes a text of markup as the file needs it. */
  escape(markup: string): string;
}

export interface MarkupReader {
  onTag?(tag: Tag): void;
  /** An end tag; not every element has one. */
  onClose?(name: string): void;
  /** Text between tags: in XML with escapes resolved, including CDATA; in HTML only the text of `<script>` and `<style>`. */
  onText?(text: Region, within: readonly Tag[]): void;
}

/** HTML elements that change the meaning of their content. */
const KEPT: ReadonlySet<string> = new Set(["template", "pre", "code", "picture", "noscript", "svg"]);

/** Elements whose text is not markup. */
const RAW: ReadonlySet<string> = new Set(["script", "style"]);

/**
 * Splits HTML or XML into tags as a browser does, without comments.
 * @see https://html.spec.whatwg.org/multipage/parsing.html#tokenization
 */
export function readMarkup(region: Region, kind: "html" | "xml", reader: MarkupReader): void {
  const isXml = kind === "xml";
  const { text } = region;
  const decoded = isXml ? xmlRegion : attributeRegion;
  const open: Tag[] = [];
  let tag: OpenTag = { name: "", start: 0, attributes: new Map() };
  let attribute = { start: 0, end: 0, valueStart: -1, valueEnd: -1 };

  const finish = (end: number, isEmpty: boolean): void => {
    const { name, start, attributes } = tag;
    const within = open.map((outer) => outer.name);
    const place = { start: region.at(start), end: region.at(end + 1) };
    const whole: Tag = { name, attributes, ...place, within, escape: region.escape };
    reader.onTag?.(whole);
    // In HTML a slash at the end of a tag has a meaning only in SVG.
    if (isEmpty && (isXml || name === "svg" || within.includes("svg"))) return;
    if (isXml || KEPT.has(name) || RAW.has(name)) open.push(whole);
  };
  const onText = (part: Region): void => {
    if (isXml || RAW.has(open.at(-1)?.name ?? "")) reader.onText?.(part, open);
  };
  const nameOf = (start: number, end: number) =>
    isXml ? text.slice(start, end) : text.slice(start, end).toLowerCase();
  const addAttribute = (quote: QuoteType, end: number): void => {
    const { start, end: nameEnd, valueStart, valueEnd } = attribute;
    const name = nameOf(start, nameEnd);
    if (tag.attributes.has(name)) return;
    const [from, to] = valueStart === -1 ? [end, end] : [valueStart, valueEnd];
    tag.attributes.set(name, {
      name,
      value: decoded(regionPart(region, from, to)),
      start: region.at(start),
      end: region.at(end),
      valueStart: region.at(from),
      valueEnd: region.at(to),
      quote: quote === QuoteType.Double ? '"' : quote === QuoteType.Single ? "'" : "",
    });
  };

  const tokenizer = new Tokenizer(
    { xmlMode: isXml, decodeEntities: false },
    {
      onopentagname(start, end) {
        tag = { name: nameOf(start, end), start: start - 1, attributes: new Map() };
      },
      onattribname(start, end) {
        attribute = { start, end, valueStart: -1, valueEnd: -1 };
      },
      onattribdata(start, end) {
        if (attribute.valueStart === -1) attribute.valueStart = start;
        attribute.valueEnd = end;
      },
      onattribend: addAttribute,
      onopentagend: (end) => finish(end, false),
      onselfclosingtag: (end) => finish(end, true),
      onclosetag(start, end) {
        const name = nameOf(start, end);
        reader.onClose?.(name);
        const at = open.findLastIndex((outer) => outer.name === name);
        if (at !== -1) open.length = at;
      },
      ontext: (start, end) => {
        const part = regionPart(region, start, end);
        onText(isXml ? xmlRegion(part) : part);
      },
      oncdata: (start, end, endOffset) => onText(regionPart(region, start, end - endOffset)),
      isInForeignContext: () => open.some(({ name }) => name === "svg"),
      onattribentity() {},
      ontextentity() {},
      oncomment() {},
      ondeclaration() {},
      onprocessinginstruction() {},
      onend() {},
    },
  );
  tokenizer.write(text);
  tokenizer.end();
}

interface OpenTag {
  readonly name: string;
  readonly start: number;
  readonly attributes: Map<string, Attribute>;
}
