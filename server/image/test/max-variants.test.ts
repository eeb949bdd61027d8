import { mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { report } from "../../test/chaos/chaos.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const token = "the-token-of-the-test";
const headers = { authorization: `Bearer ${token}` };
const published = Array.from({ length: 12 }, (_, at) => 1 + at);

/** One photograph, twelve of whose widths are warmed and published, and servers on one volume. */
async function start(mostVariants: number, replicas: number) {
  const folder = await temporaryFolder();
  const [photos, cache] = [join(folder, "photos"), join(folder, "cache")];
  await mkdir(photos);
  await photo(64, 48).jpeg().toFile(join(photos, "worms.jpg"));
  const settings = {
    SOURCE: photos,
    CACHE_DIR: cache,
    GC_INTERVAL: "0",
    TOKEN: token,
    HOT_CACHE_BYTES: "0",
    MAX_VARIANTS: String(mostVariants),
    COLD_BUDGET: "100000",
    QUEUE_LIMIT: "100",
  };
  const pods: Pod[] = [];
  for (let at = 0; at < replicas; at++) pods.push(await startPod(settings));
  const [pod] = pods;
  const warm = { img: "worms.jpg", variants: published.map((w) => ({ q: 50, w, fm: "jpg" })) };
  await (await fetch(`${pod?.url}api/warm`, { method: "POST", headers, body: JSON.stringify(warm) })).text();
  const images = { "worms.jpg": published.map((w) => `fm=jpg&img=worms.jpg&q=50&w=${w}`) };
  const set = { method: "PUT", headers, body: JSON.stringify({ images }) };
  expect((await fetch(`${pod?.url}api/published/blog/one`, set)).status).toBe(204);

  /** The photograph's variants on disk: paths by `width.quality`. */
  const entries = async (): Promise<ReadonlyMap<string, string>> => {
    const files = await readdir(join(cache, "v1"), { recursive: true, withFileTypes: true });
    const variants = files.filter(({ name }) => name.endsWith(".jpg") && !name.startsWith("."));
    return new Map(
      variants.map(({ parentPath, name }) => [name.split(".").slice(1, 3).join("."), join(parentPath, name)]),
    );
  };
  const look = async () => {
    const names = [...(await entries()).keys()];
    const pinned = published.filter((w) => names.includes(`${w}.50`));
    return { pinned: pinned.length, unpublished: names.length - pinned.length, names };
  };
  /** Requests a variant from one server, which stores it after the response. */
  const ask = async (at: number, width: number, quality: number): Promise<void> => {
    const response = await fetch(
      `${pods[at % pods.length]?.url}?img=worms.jpg&fm=jpg&q=${quality}&w=${width}`,
    );
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  };
  /**
   * Requests another variant until one stays and nothing is left to delete: a server may leave out a variant, or a deletion, while
   * its volume is slow, as on a busy machine, and makes up for it with the next one.
   */
  const settle = async (width: number): Promise<void> => {
    for (let quality = 100; ; quality--) {
      await ask(0, width, quality);
      const kept = {
        pinned: 12,
        unpublished: mostVariants,
        names: expect.arrayContaining([`${width}.${quality}`]),
      };
      const outcome = expect.poll(look, { timeout: 10_000 }).toMatchObject(kept);
      if (quality === 90) return outcome;
      if (
        await outcome.then(
          () => true,
          () => false,
        )
      )
        return;
    }
  };
  return { pods, cache, entries, look, ask, settle };
}

test("with two replicas whose clients enumerate q and w, MAX_VARIANTS unpublished variants stay, the newest, and all published ones", async () => {
  const { pods, cache, entries, look, ask, settle } = await start(10, 2);
  await expect.poll(async () => (await look()).pinned).toBe(12);
  // Both at the same time: each writes, and makes space, in parallel.
  for (let at = 0; at < 40; at += 4)
    await Promise.all([0, 1, 2, 3].map((of) => ask(of, 20 + at + of, 50 + ((at + of) % 7))));
  await settle(70);
  // Deleted by someone else, as by a sweep: the new variant is still kept.
  const loose = [...(await entries())].filter(
    ([name]) => !name.endsWith(".50") || !published.includes(Number.parseInt(name, 10)),
  );
  for (const [, path] of loose.slice(0, 8)) await rm(path);
  for (let at = 0; at < 12; at++) await ask(at, 30, 20 + at);
  await settle(71);

  // While a set cannot be read, any variant could be in it: the new one is not kept, and no other is deleted.
  const before = (await look()).names;
  await writeFile(join(cache, "published", "blog", "two.json"), "{");
  await fetch(`${pods[0]?.url}api/purge?img=other.jpg`, { method: "DELETE", headers });
  for (const pod of pods) await expect.poll(() => pod.metric("imgproxy_lite_published_unread_sets")).toBe(1);
  await ask(0, 50, 91);
  await ask(0, 50, 92);
  // Written after those two: when it exists, they were written.
  await rm((await entries()).get("1.50") ?? "");
  const namesNow = async (): Promise<string[]> => {
    await ask(0, 1, 50);
    return (await look()).names.toSorted();
  };
  await expect.poll(namesNow).toEqual(before.toSorted());
  report(
    "V2",
    "2 replicas enumerated beyond MAX_VARIANTS=10, 12 published variants",
    "12 and 10 on disk, the newest among them",
  );
});

test("MAX_VARIANTS above a thousand is used unchanged", async () => {
  const { entries, look, ask } = await start(1_200, 2);
  await expect.poll(async () => (await look()).pinned).toBe(12);
  const [one = ""] = (await entries()).values();
  const folder = join(one, "..");
  const [hash = ""] = one.slice(folder.length + 1).split(".");
  for (let at = 0; at < 1_199; at++) {
    const path = join(folder, `${hash}.${100 + at}.60.jpg`);
    await writeFile(path, "");
    await utimes(path, at, at);
  }
  // By the server that has stored nothing yet: the other one looks again only after an eighth of the room that it saw.
  await ask(1, 40, 70);
  await expect.poll(look).toMatchObject({ pinned: 12, unpublished: 1_200 });
  await ask(1, 41, 70);
  await expect.poll(async () => (await look()).unpublished).toBeLessThan(1_200);
  const { pinned, unpublished, names } = await look();
  expect([pinned, unpublished > 1_100]).toEqual([12, true]);
  expect(names).toEqual(expect.arrayContaining(["40.70", "41.70", "1298.60"]));
  expect(names).not.toContain("100.60");
});
