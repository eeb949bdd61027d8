import { closeSync, openSync, readSync } from "node:fs";

/** For every read: nothing else runs before its text is made. */
const place = Buffer.allocUnsafeSlow(65_536);

/**
 * The text of a file in /proc, up to 64 KiB. Not by readFileSync, which costs twice as much: such a file has no length, so
 * that it asks for it, reads once more, and leaves 16 KiB of garbage.
 * @throws the system's error.
 */
export function readProcFile(path: string): string {
  const file = openSync(path, "r");
  try {
    return place.toString("latin1", 0, readSync(file, place));
  } finally {
    closeSync(file);
  }
}
