import { Problem } from "../errors.ts";
import type { Source } from "./source.ts";

/** One of several sources, with the first part of its keys, such as `blog/`. */
export interface PrefixedSource {
  /** With a slash at its end. */
  readonly prefix: string;
  readonly source: Source;
}

/** Several sources as one; a key without a known prefix is absent. */
export function createPrefixSource(sources: readonly PrefixedSource[]): Source {
  const find = (key: string) => {
    const found = sources.find(({ prefix }) => key.startsWith(prefix) && key !== prefix);
    if (found === undefined) throw new Problem("source-absent");
    return { source: found.source, key: key.slice(found.prefix.length) };
  };
  return {
    async stat(key, signal) {
      const inner = find(key);
      return inner.source.stat(inner.key, signal);
    },
    async open(key, signal, range) {
      const inner = find(key);
      return inner.source.open(inner.key, signal, range);
    },
  };
}
