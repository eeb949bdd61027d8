import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import { toUtf8 } from "../../../formats/xml-encoding.ts";
import { decodeText } from "./text.ts";

/** Deeper is no property that any program writes, and the library goes down by recursion. */
const MOST_DEPTH = 32;

const [START, END] = ["<rdf:RDF", "</rdf:RDF>"];

/** What XML does not allow (XML 1.0 §2.2), and some programs write all the same. */
const notXml = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * The RDF of an XMP packet as a file that the library reads, in UTF-8: without what stands around it, so without a document
 * type and its entities. The library's own search for the wrapper takes quadratic time where a text has many.
 * @returns undefined where there is none.
 */
export function asStandalone(packet: Buffer): Buffer | undefined {
  const text = decodeText(toUtf8(packet)).replace(notXml, " ");
  const [start, end] = [text.indexOf(START), text.lastIndexOf(END)];
  const rdf = text.slice(start, end + END.length);
  if (start === -1 || end < start || rdf.includes("<?")) return undefined;
  return Buffer.from(`<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">${rdf}</x:xmpmeta>`);
}

/** As much of a DOM as the library asks for. */
interface DomNode {
  readonly nodeName: string;
  readonly tagName?: string;
  readonly nodeValue?: string;
  readonly childNodes: readonly DomNode[];
  readonly attributes?: readonly { readonly nodeName: string; readonly value: string }[];
}

/**
 * XML as the library wants it: a document, the texts of CDATA among the others, and no comments.
 * @throws what is no XML, or too deep.
 */
export function parsePacket(xml: string): Pick<DomNode, "childNodes"> & { getElementsByTagName(): [] } {
  const { root } = parseXml(xml, { ignoreUndefinedEntities: true });
  if (root === null) throw new Error("no root element");
  return { childNodes: [toDom(root, 0)], getElementsByTagName: () => [] };
}

function toDom(element: XmlElement, depth: number): DomNode {
  if (depth > MOST_DEPTH) throw new Error("too deep");
  const childNodes: DomNode[] = [];
  for (const child of element.children) {
    if (child instanceof XmlElement) childNodes.push(toDom(child, depth + 1));
    else if (child instanceof XmlText)
      childNodes.push({ nodeName: "#text", nodeValue: child.text, childNodes: [] });
  }
  const attributes = Object.entries(element.attributes).map(([nodeName, value]) => ({ nodeName, value }));
  return { nodeName: element.name, tagName: element.name, childNodes, attributes };
}
