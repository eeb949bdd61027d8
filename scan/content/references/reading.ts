import { lastAtMost } from "../../lines.ts";

/** A text made from parts of another, with the way back: where in the file a place of it is. */
export interface Reading {
  readonly text: string;
  /** The offset in the file of an offset in the text. */
  fileOffset(offset: number): number;
}

/** A part of the file, or other words in its place. */
export interface Piece {
  readonly text: string;
  /** Where in the file it begins. */
  readonly start: number;
}

/** The pieces one after the other. */
export function joinPieces(pieces: readonly Piece[]): Reading {
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += piece.text.length;
  }
  return {
    text: pieces.map((piece) => piece.text).join(""),
    fileOffset(offset) {
      const index = lastAtMost(starts, offset);
      return (pieces[index]?.start ?? 0) + offset - (starts[index] ?? 0);
    },
  };
}

/** A text that is the file, or has its length. */
export function wholeReading(text: string): Reading {
  return { text, fileOffset: (offset) => offset };
}
