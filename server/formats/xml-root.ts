import type { ByteReader } from "./byte-reader.ts";

/** XML's white space (XML 1.0 §2.3), and form feeds, which HTML has too. */
export const WHITE_SPACE = " \t\r\n\f";

/**
 * The position of the root element: after a byte order mark, the declaration, comments and the document type. If one of these does
 * not end, its start. One pass: nothing is read twice.
 */
export function findRoot(xml: ByteReader): number {
  let at = xml.startsWith("\xef\xbb\xbf", 0) ? 3 : 0;
  for (;;) {
    at = xml.skip(WHITE_SPACE, at);
    const end = endOfProlog(xml, at);
    if (end === undefined) return at;
    at = end;
  }
}

// --- parts of a prolog; undefined where there is none, or no end of it ---

function endOfProlog(xml: ByteReader, at: number): number | undefined {
  if (xml.startsWith("<?", at)) return behind(xml, ">", at + 2);
  if (xml.startsWith("<!--", at)) return behind(xml, "-->", at + 4);
  if (xml.text(at, DOCTYPE.length).toLowerCase() === DOCTYPE) return endOfDoctype(xml, at + DOCTYPE.length);
  return undefined;
}

const DOCTYPE = "<!doctype";

/** An HTML document type is not skipped: it shows that the document is HTML. */
function endOfDoctype(xml: ByteReader, from: number): number | undefined {
  const name = xml.skip(WHITE_SPACE, from);
  if (name === from || /^html[\s>]/i.test(xml.text(name, 5))) return undefined;
  const end = behind(xml, ">", name);
  const subset = behind(xml, "[", name, end);
  return subset === undefined ? end : endOfSubset(xml, subset);
}

/** A bracket in a quoted value, a comment or an instruction is not the end. */
function endOfSubset(xml: ByteReader, from: number): number | undefined {
  for (let at: number | undefined = from; at !== undefined && at < xml.length; ) {
    const first = xml.text(at, 1);
    if (first === "]") {
      const end = xml.skip(WHITE_SPACE, at + 1);
      return xml.startsWith(">", end) ? end + 1 : undefined;
    }
    if (first === '"' || first === "'") at = behind(xml, first, at + 1);
    else if (first !== "<") at++;
    else if (xml.startsWith("<!--", at)) at = behind(xml, "-->", at + 4);
    else at = xml.startsWith("<?", at) ? behind(xml, "?>", at + 2) : at + 1;
  }
  return undefined;
}

function behind(xml: ByteReader, ascii: string, from: number, end?: number): number | undefined {
  const at = xml.find(ascii, from, end);
  return at === -1 ? undefined : at + ascii.length;
}
