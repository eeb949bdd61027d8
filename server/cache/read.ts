import { close, constants, fstat, open, read } from "node:fs";
import { errorNumbers } from "./files.ts";

export interface FileFacts {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** The bytes that were read, from the start of the file. */
export interface FileRead extends FileFacts {
  /** Undefined for anything that is not a regular file: a pipe, a link, a folder. */
  readonly bytes: Buffer | undefined;
}

/**
 * Reads a file with one descriptor, so that a rename or unlink meanwhile has no effect. It uses callbacks, because a hit from disk
 * consists mainly of these calls, and promises between them would add to it.
 * @param most bytes; undefined: the whole file.
 * @param known result of an earlier read. If the file still has that size, the stat is skipped, one call in four. The caller must
 *   use the checksum to see whether it is the same file.
 * @throws the system's error, `ENOENT` if it does not exist.
 */
export function readStart(
  path: string,
  { most = MAX_FILE_BYTES, known }: { readonly most?: number; readonly known?: FileFacts | undefined } = {},
): Promise<FileRead> {
  return new Promise((resolve, reject) => {
    open(path, FLAGS, (error, file) => {
      if (error === null) new Reading(file, resolve, reject).begin(most, known);
      // A symbolic link; a socket.
      else if (["ELOOP", "ENXIO"].includes(String(errorNumbers(error).code))) resolve(unreadable);
      else reject(error);
    });
  });
}

/** Larger than any variant: a larger file was not written by this program. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

/** Does not follow a link (which could lead out of the cache), and does not wait for a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const unreadable: FileRead = { bytes: undefined, size: 0, modifiedMs: 0 };

// --- one descriptor ---

class Reading {
  readonly #file: number;
  readonly #resolve: (read: FileRead) => void;
  readonly #reject: (error: unknown) => void;

  constructor(file: number, resolve: (read: FileRead) => void, reject: (error: unknown) => void) {
    this.#file = file;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(most: number, known: FileFacts | undefined): void {
    if (known === undefined) return void this.#measure(most);
    // One byte more than expected shows that the file has grown.
    const bytes = Buffer.allocUnsafeSlow(known.size + 1);
    read(this.#file, bytes, 0, bytes.length, 0, (error, filled) => {
      if (error === null && filled === known.size)
        this.#end(null, { ...known, bytes: bytes.subarray(0, filled) });
      else this.#measure(most);
    });
  }

  #measure(most: number): void {
    fstat(this.#file, (error, stats) => {
      if (error !== null) return void this.#end(error, unreadable);
      const { size, mtimeMs: modifiedMs } = stats;
      if (!stats.isFile() || size > MAX_FILE_BYTES) this.#end(null, { bytes: undefined, size, modifiedMs });
      else this.#fill(Buffer.allocUnsafeSlow(Math.min(size, most)), 0, { size, modifiedMs });
    });
  }

  #fill(bytes: Buffer, filled: number, found: FileFacts): void {
    if (filled === bytes.length) return void this.#end(null, { ...found, bytes });
    read(this.#file, bytes, filled, bytes.length - filled, filled, (error, more) => {
      if (error !== null) this.#end(error, unreadable);
      // It has become shorter meanwhile.
      else if (more === 0) this.#end(null, { ...found, bytes: bytes.subarray(0, filled) });
      else this.#fill(bytes, filled + more, found);
    });
  }

  /** The descriptor is closed before the result is returned: until then the read keeps its slot of the limiter. */
  #end(error: Error | null, found: FileRead): void {
    close(this.#file, (unclosed) => {
      const failure = error ?? unclosed;
      if (failure) this.#reject(failure);
      else this.#resolve(found);
    });
  }
}
