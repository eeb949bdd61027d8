import { expect } from "vitest";
import type { List, ListPage } from "../list/list.ts";

const signal = new AbortController().signal;

/**
 * A listing has exactly these keys, in this order, whatever the size of its pages and in each folder.
 * @param keys in the order of their UTF-8 bytes.
 */
export async function expectListing(list: List, keys: readonly string[]): Promise<void> {
  for (const most of [1, 2, 3, 1000]) {
    const deep = await everyPage(list, "", true, most);
    expect(deep.objects.map(({ key }) => key)).toEqual(keys);
    expect(deep.folders).toEqual([]);
    expect(deep.objects.every(({ bytes }) => bytes > 0)).toBe(true);
    for (const folder of foldersOf(keys)) {
      const direct = await everyPage(list, folder, false, most);
      const inside = keys.filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
      expect(direct.objects.map(({ key }) => key)).toEqual(
        inside.filter((name) => !name.includes("/")).map((name) => folder + name),
      );
      expect([...direct.folders].sort()).toEqual(
        [
          ...new Set(
            inside
              .filter((name) => name.includes("/"))
              .map((name) => `${folder}${name.split("/", 1).join("")}/`),
          ),
        ].sort(),
      );
    }
  }
  expect(await list({ folder: "absent/", deep: false, most: 10 }, signal)).toEqual({
    objects: [],
    folders: [],
  });
}

async function everyPage(list: List, folder: string, deep: boolean, most: number): Promise<ListPage> {
  const objects = [];
  const folders = [];
  for (let after: string | undefined, isMore = true; isMore; ) {
    const page = await list({ folder, deep, most, ...(after !== undefined && { after }) }, signal);
    expect(page.objects.length + page.folders.length).toBeLessThanOrEqual(most);
    objects.push(...page.objects);
    folders.push(...page.folders);
    after = page.next;
    isMore = after !== undefined;
  }
  return { objects, folders };
}

function foldersOf(keys: readonly string[]): Set<string> {
  return new Set(
    keys.flatMap((key) =>
      key.split("/").map((_, at, names) => names.slice(0, at).join("/") + (at > 0 ? "/" : "")),
    ),
  );
}
