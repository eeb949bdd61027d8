import { LRUCache } from "lru-cache";

/**
 * The most recently used entries, up to a number. Memory is taken as it fills: with `max` alone, lru-cache allocates all of it at once, and
 * the server's twenty-five took a tenth of the CPU of a start, and 5 MB.
 * @param ttl milliseconds after which an entry is gone; undefined: never.
 */
export function createLru<Value extends {}>(most: number, ttl?: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1, ...(ttl !== undefined && { ttl }) });
}
