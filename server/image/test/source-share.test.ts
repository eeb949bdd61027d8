import { expect, test } from "vitest";
import { createSourceShare } from "../variants/source-share.ts";

/** Replicas on one volume that has one source. */
function replicas(count: number, most: number) {
  const stored = new Set<string>();
  const seen = { looks: 0, most: 0, answers: true };
  const cache = {
    entriesOf: async () => {
      seen.looks += 1;
      return seen.answers ? [...stored] : undefined;
    },
    evict: async (names: readonly string[], of: number) => {
      const going = names.filter((name) => stored.has(name)).slice(0, of);
      for (const name of going) stored.delete(name);
      return going.length;
    },
  };
  const published = { isPinned: () => false, isComplete: true, refresh: async () => undefined };
  const shares = Array.from({ length: count }, () => createSourceShare({ cache, published, most }));
  const store = async (replica: number, name: string): Promise<void> => {
    stored.add(name);
    await shares[replica]?.hold("a.jpg", name);
    seen.most = Math.max(seen.most, stored.size);
  };
  return { store, seen };
}

test("eight replicas together stay within MAX_VARIANTS, and none of them lists the source for each new variant", async () => {
  const { store, seen } = replicas(8, 400);
  for (let at = 0; at < 400; at++) await store((at * 5) % 8, `${at}`);
  expect(seen.most).toBeLessThanOrEqual(400);
  expect(seen.looks).toBeLessThan(200);
  for (let at = 400; at < 1_000; at++) await store(at % 8, `${at}`);
  expect(seen.most).toBeLessThanOrEqual(400);
});

test("a volume that does not answer says nothing about the room that a source has", async () => {
  const { store, seen } = replicas(1, 8);
  seen.answers = false;
  for (let at = 0; at < 12; at++) await store(0, `${at}`);
  expect(seen.most).toBe(12);
  Object.assign(seen, { answers: true, most: 0 });
  await store(0, "last");
  expect(seen.most).toBeLessThanOrEqual(8);
});
