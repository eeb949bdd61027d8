import { variantName } from "../../image/memory-cache.ts";
import type { Entry, SourceRecord, SourceRecords, VariantCache } from "../cache.ts";

/** A cache as the interface promises it, without a disk; `writes` counts what reached it. */
export interface MemoryCache extends VariantCache, SourceRecords {
  readonly entries: Map<string, Entry>;
  readonly records: Map<string, SourceRecord>;
}

export function createMemoryCache(): MemoryCache {
  const entries = new Map<string, Entry>();
  const records = new Map<string, SourceRecord>();
  return {
    entries,
    records,
    read: async (variant) => entries.get(variantName(variant)),
    readMeta: async (variant) => entries.get(variantName(variant))?.meta,
    write: async (variant, entry) => {
      entries.set(variantName(variant), entry);
      return true;
    },
    purge: async (key) => {
      records.delete(key);
      const names = [...entries.keys()].filter((name) => name.endsWith(` ${key}`));
      for (const name of names) entries.delete(name);
      return names.length;
    },
    nameOf: variantName,
    entriesOf: async (key) => [...entries.keys()].filter((name) => name.endsWith(` ${key}`)),
    evict: async (names, count) => {
      // A Map keeps the order of writing.
      const going = [...entries.keys()].filter((name) => names.includes(name)).slice(0, count);
      for (const name of going) entries.delete(name);
      return going.length;
    },
    readRecord: async (key) => records.get(key),
    writeRecord: async (key, record) => {
      records.set(key, record);
      return true;
    },
  };
}
