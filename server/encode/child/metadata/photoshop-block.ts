/** The maximum length of a segment of a JPEG (ITU T.81 §B.1.1.4). */
const MOST_BYTES = 0xffff - 2;

/** The longest dataset (IPTC-IIM 4.2 §1.6.3): with zeros of this length after the block, no dataset is cut. */
const PADDING_BYTES = 2 ** 16;

/** Photoshop's resource that contains IPTC (Photoshop File Formats, "Image Resource Blocks"). */
const RESOURCE = "Photoshop 3.0\x008BIM\x04\x04\0\0";

/**
 * Photoshop's block of a JPEG, or a block of IPTC only, as the only segment of a JPEG, because the library searches there.
 * If the last dataset is cut, the library drops all of them: with zeros after them it returns all.
 */
export function asJpeg(block: Buffer): Buffer {
  const whole = block.toString("latin1", 0, 13) === "Photoshop 3.0" ? block : withResource(block);
  const content = whole.subarray(0, MOST_BYTES);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xed, 0, 0]);
  head.writeUInt16BE(content.length + 2, 4);
  return Buffer.concat([head, content, Buffer.alloc(PADDING_BYTES)]);
}

function withResource(iptc: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(iptc.length);
  return Buffer.concat([Buffer.from(RESOURCE, "latin1"), length, iptc]);
}
