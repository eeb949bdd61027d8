/**
 * A file in memory, in the pieces in which it arrived: joining them costs a copy, and as much garbage as the file is long. The
 * first piece has the header, and at least SNIFF_BYTES bytes of a longer file; a file whose header cannot be found that way is
 * one piece.
 */
export type Pieces = readonly [head: Uint8Array, ...rest: Uint8Array[]];

export function bytesIn(pieces: Pieces): number {
  let bytes = 0;
  for (const { byteLength } of pieces) bytes += byteLength;
  return bytes;
}

/** The file as one piece; not copied if it is one. */
export function join(pieces: Pieces): Uint8Array {
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

export function inPieces(file: Pieces | Uint8Array): Pieces {
  return file instanceof Uint8Array ? [file] : file;
}
