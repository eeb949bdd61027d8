import { expect, test } from "vitest";
import { HashSet } from "../hash-set.ts";

const queryOf = (key: number, quality: number, width: number) =>
  `img=trips/${key}.jpg&q=${quality}&w=${width}`;

test("a set of text hashes finds every added text, counts additions, and finds no similar text", async () => {
  const set = new HashSet();
  for (let key = 0; key < 500; key++)
    for (let width = 1; width <= 100; width++) set.add(queryOf(key, 60, width));
  set.add(queryOf(0, 60, 1));
  await set.sort();
  expect(set.size).toBe(50_001);
  const found = { there: 0, others: 0 };
  for (let key = 0; key < 500; key++)
    for (let width = 1; width <= 100; width++) {
      if (set.has(queryOf(key, 60, width))) found.there++;
      for (const other of [
        queryOf(key, 61, width),
        queryOf(key + 500, 60, width),
        queryOf(key, 60, width + 100),
      ])
        if (set.has(other)) found.others++;
    }
  expect(found).toEqual({ there: 50_000, others: 0 });
  expect((await new HashSet().sort()).has("")).toBe(false);
});
