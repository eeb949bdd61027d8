import { closeSync, openSync, readSync } from "node:fs";

/** For every read: nothing else runs before its text is made. */
const place = Buffer.allocUnsafeSlow(65_536);

/**
 * The text of a file in /proc, up to 64 KiB. Not by readFileSync: such a file has no length, so that it allocates 128 KiB, and
 * what an encoder's job reads would be as much garbage as half of its original.
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
