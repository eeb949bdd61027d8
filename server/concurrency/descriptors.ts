import { readFileSync } from "node:fs";

/** What is kept from readers' connections: files of the cache, sockets to the source, encoders and their pipes. */
const RESERVED = 256;

/**
 * How many connections may be open at once, so that those that are can be answered: a connection too many is closed at
 * once, while a server without a descriptor opens no file, reaches no source and starts no encoder.
 * @param descriptors what this process may have open; undefined where the system does not say.
 */
export function connectionsWithin(descriptors: number | undefined, most: number): number {
  if (descriptors === undefined) return most;
  return Math.min(most, Math.max(descriptors - RESERVED, Math.floor(descriptors / 2)));
}

/** RLIMIT_NOFILE, which Node has raised to the hard limit; undefined without a /proc, or without a limit. */
export function descriptorLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d{1,12}) /m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
