/** One entry of a directory of EXIF: tag, type, and its value as it is stored. */
export type ExifEntry = readonly [tag: number, type: number, value: Buffer];

const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8, 129: 1 };

/** A block of EXIF, big-endian: a first directory, and a second one that it points to. */
export function exifOf(main: readonly ExifEntry[], below: readonly ExifEntry[] = []): Buffer {
  const pointer = 8 + 2 + 12 * (main.length + 1) + 4;
  const first = [...main, [0x8769, 4, uint32(pointer)] as const];
  const values: Buffer[] = [];
  let free = pointer + 2 + 12 * below.length + 4;
  const directory = (entries: readonly ExifEntry[]): Buffer => {
    const lines = entries.map(([tag, type, value]) => {
      const place = value.length <= 4 ? Buffer.concat([value, Buffer.alloc(4)]).subarray(0, 4) : uint32(free);
      if (value.length > 4) {
        values.push(value);
        free += value.length;
      }
      return Buffer.concat([uint16(tag), uint16(type), uint32(value.length / (typeBytes[type] ?? 1)), place]);
    });
    return Buffer.concat([uint16(entries.length), ...lines, uint32(0)]);
  };
  const directories = [directory(first), directory(below)];
  return Buffer.concat([Buffer.from("Exif\0\0MM\0*\0\0\0\x08", "latin1"), ...directories, ...values]);
}

/** A block of EXIF whose first directory only points to that of a place. */
export function gpsOf(entries: readonly ExifEntry[]): Buffer {
  const block = exifOf([], entries);
  // The pointer to the second directory, after "Exif\0\0", the head of the TIFF and the number of entries.
  block.writeUInt16BE(GPS_DIRECTORY, 6 + 8 + 2);
  return block;
}

const GPS_DIRECTORY = 0x8825;

/** Text of EXIF, with its zero. */
export const ascii = (tag: number, text: string | Buffer): ExifEntry => [
  tag,
  2,
  Buffer.concat([Buffer.from(text), Buffer.from([0])]),
];

/** Photoshop's block with IPTC in its second resource: datasets of the application record, and those of the envelope before them. */
export function photoshopOf(
  datasets: readonly (readonly [number, Buffer | string])[],
  envelope = Buffer.alloc(0),
): Buffer {
  const data = Buffer.concat([
    envelope,
    ...datasets.map(([number, text]) => {
      const bytes = Buffer.from(text);
      return Buffer.concat([Buffer.from([0x1c, 2, number]), uint16(bytes.length), bytes]);
    }),
  ]);
  return Buffer.concat([
    Buffer.from("Photoshop 3.0\x008BIM\x04\x25\0\0\0\0\0\x02ab8BIM\x04\x04\0\0", "latin1"),
    uint32(data.length),
    data,
  ]);
}

/** ESC % G: the texts of IPTC are in UTF-8. */
export const utf8Mark = Buffer.from("\x1c\x01\x5a\0\x03\x1b%G", "latin1");

/** An XMP packet of these properties. */
export function packetOf(properties: string, attributes = ""): string {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ${attributes}>${properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
}

/** A JPEG with a segment behind its first marker. */
export function withSegment(jpeg: Buffer, marker: number, content: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from([0xff, marker]), uint16(content.length + 2)]);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

export function uint16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}

export function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
