import { readProcFile } from "./proc-file.ts";

/** Descriptors reserved for other uses than readers' connections: cache files, sockets to the source, encoders and their pipes. */
const RESERVED = 256;

/**
 * Maximum number of open connections, so that all of them can be served: a connection above it is closed at once, but a server
 * without descriptors opens no file, reaches no source and starts no encoder.
 * @param descriptors limit of this process; undefined if the system does not report it.
 */
export function connectionsWithin(descriptors: number | undefined, most: number): number {
  if (descriptors === undefined) return most;
  return Math.min(most, Math.max(descriptors - RESERVED, Math.floor(descriptors / 2)));
}

/** RLIMIT_NOFILE, which Node raises to the hard limit; undefined without /proc, or without a limit. */
export function descriptorLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d{1,12}) /m.exec(readProcFile("/proc/self/limits")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
