import { expect, test } from "vitest";
import { entryOf, variant } from "../../cache/test/cache-suite.ts";
import { createMemoryCache } from "../memory-cache.ts";

test.each([
  [59, true],
  [61, false],
])(
  "after %i minutes an entry is still in memory: %s (a sweep must see its use on disk)",
  (minutes, isThere) => {
    let now = 1;
    const hot = createMemoryCache(2 ** 20, () => now);
    hot.set(variant, entryOf("worms"));
    now += minutes * 60_000;
    expect(hot.get(variant)).toEqual(isThere ? entryOf("worms") : undefined);
  },
);
