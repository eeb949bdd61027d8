import { lastAtMost } from "../../lines.ts";

/** A text composed of parts of a file, with the way back to positions in the file. */
export interface Reading {
  readonly text: string;
  /** The offset in the file of an offset in the text. */
  fileOffset(offset: number): number;
}

/** A part of the file, or a replacement for it. */
export interface Piece {
  readonly text: string;
  /** Where in the file it begins. */
  readonly start: number;
}

/** Joins the pieces. */
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
