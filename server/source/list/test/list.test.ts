import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Problem } from "../../../errors.ts";
import { openSource } from "../../open.ts";
import { timeoutsFor } from "../../remote/timeouts.ts";
import { expectListing } from "../../test/listing.ts";
import { listFolder } from "../folder.ts";
import type { List } from "../list.ts";

const signal = new AbortController().signal;
let root: string;
const put = async (...keys: string[]): Promise<void> => {
  for (const key of keys) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), "photo");
  }
};
const keysOf = async (list: List, folder = "", deep = true): Promise<string[]> =>
  (await list({ folder, deep, most: 1000 }, signal)).objects.map(({ key }) => key);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "listed-"));
});
afterEach(() => rm(root, { recursive: true }));

const everyKind = [
  ...["A.jpg", "a b.jpg", "a.jpg", "a/1.jpg", "a/2.jpg", "a/b/3.jpg", "é.jpg", "日本/4.jpg"],
  // In UTF-16 the order of these two is the other one.
  ...["！.jpg", "😀.jpg"],
];

test("a folder is listed page by page, in the order of bytes", async () => {
  await put(...everyKind);
  await expectListing(listFolder(root), everyKind);
});

test("the first page of a folder is always of now, and its further pages have no file that was deleted", async () => {
  const list = listFolder(root);
  await put("b.jpg", "c.jpg", "d.jpg");
  const page = async (after?: string) => {
    const { objects, next } = await list(
      { folder: "", deep: false, most: 1, ...(after !== undefined && { after }) },
      signal,
    );
    return [objects.map(({ key }) => key), next];
  };
  expect(await page()).toEqual([["b.jpg"], "b.jpg"]);
  expect(await page("b.jpg")).toEqual([["c.jpg"], "c.jpg"]);
  await put("a.jpg");
  await rm(join(root, "d.jpg"));
  expect(await page("c.jpg")).toEqual([[], undefined]);
  expect(await page()).toEqual([["a.jpg"], "a.jpg"]);
  expect(await page("a.jpg")).toEqual([["b.jpg"], "b.jpg"]);
});

test("several sources are listed as folders of one", async () => {
  await put(...everyKind);
  const location = { kind: "folder", path: root } as const;
  const { list } = await openSource({
    source: undefined,
    sources: [
      { prefix: "shop/", source: location },
      { prefix: "blog/", source: location },
    ],
    s3: { forcePathStyle: true, region: "" },
    timeouts: timeoutsFor(1_000),
  });
  const both = ["blog/", "shop/"].flatMap((prefix) => everyKind.map((key) => prefix + key));
  await expectListing(list, both);
});

test("a source behind a web server says that it has no listing", async () => {
  const { list, neighbours } = await openSource({
    source: { kind: "http", base: new URL("http://127.0.0.1:9/") },
    sources: [],
    s3: { forcePathStyle: true, region: "" },
    timeouts: timeoutsFor(1_000),
  });
  for (const asked of [list({ folder: "", deep: false, most: 1 }, signal), neighbours("a.jpg", signal)])
    await expect(asked).rejects.toMatchObject({ code: "cannot-list" } satisfies Partial<Problem>);
});

test("a listing of a folder never leaves it: neither by its name nor by a link", async () => {
  const outside = await mkdtemp(join(tmpdir(), "outside-"));
  await writeFile(join(outside, "secret.jpg"), "secret");
  await put("in/a.jpg");
  await symlink(outside, join(root, "out"));
  await symlink(join(outside, "secret.jpg"), join(root, "secret.jpg"));
  await symlink(join(root, "in"), join(root, "twin"));
  await symlink(join(root, "in/a.jpg"), join(root, "a.jpg"));
  // A link to its own folder.
  await symlink(root, join(root, "in/round"));
  expect(await keysOf(listFolder(root), "out/", false)).toEqual([]);
  expect(await keysOf(listFolder(root), "in/../../", false)).toEqual([]);
  expect(new Set(await keysOf(listFolder(root)))).toEqual(
    new Set(["a.jpg", expect.stringMatching(/^(in|twin)\/a\.jpg$/)]),
  );
  expect((await listFolder(root)({ folder: "", deep: false, most: 9 }, signal)).folders).toEqual([
    "in/",
    "twin/",
  ]);
  await rm(outside, { recursive: true });
});

test("names that no request can have are left out", async () => {
  await put("good.jpg", "new\nline.jpg", "back\\slash.jpg");
  await writeFile(Buffer.concat([Buffer.from(join(root, "bad-")), Buffer.from([0xff])]), "photo");
  expect(await keysOf(listFolder(root))).toEqual(["good.jpg"]);
});

test("a folder that is gone is a failure, not an empty listing", async () => {
  await expect(keysOf(listFolder(join(root, "absent")))).rejects.toMatchObject({ code: "source-failed" });
});
