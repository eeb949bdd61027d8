/** More than any text behind the root element. */
const TAIL_BYTES = 65_536;

/** Whether an SVG has the end of its root element: browsers show an error in place of the rest of a file that was cut off. */
export function hasSvgEnd(svg: Uint8Array): boolean {
  const text = Buffer.from(svg.buffer, svg.byteOffset, svg.byteLength);
  const isWide = text.includes(0);
  const tail = text.subarray(-TAIL_BYTES).toString("latin1").replaceAll("\0", "");
  // An element without content has no end tag.
  return /<\/(?:[\w-]{1,40}:)?svg\s*>/i.test(tail) || (!isWide && isOneTag(text));
}

function isOneTag(text: Buffer): boolean {
  const root = /<(?:[\w-]{1,40}:)?svg\s[^<>]{0,4096}\/>/i.exec(text.toString("latin1", 0, TAIL_BYTES));
  return root !== null;
}
