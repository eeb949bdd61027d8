import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { report } from "../../test/chaos/chaos.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();

const token = "the-token-of-the-test";
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder(atEnd);
  await mkdir(join(folder, "photos"));
  await photo(64, 48)
    .jpeg()
    .toFile(join(folder, "photos", "worms.jpg"));
});

/** A server with VARIANTS=listed on a volume of this name. */
async function start(volume: string, settings: Readonly<Record<string, string>> = {}) {
  const pod = await startPod({
    SOURCE: join(folder, "photos"),
    CACHE_DIR: join(folder, volume),
    GC_INTERVAL: "0",
    TOKEN: token,
    VARIANTS: "listed",
    ...settings,
  });
  const published = join(folder, volume, "published");
  return { pod, published, file: (name: string) => join(published, "blog", `${name}.json`) };
}

const ask = async (pod: Pod, quality: number): Promise<number> => {
  const response = await fetch(`${pod.url}?img=worms.jpg&q=${quality}&w=32`);
  await response.arrayBuffer();
  return response.status;
};
const statuses = (pod: Pod, ...qualities: number[]) => Promise.all(qualities.map((one) => ask(pod, one)));

const put = async (pod: Pod, name: string, quality: number, expires?: number): Promise<void> => {
  const images = { "worms.jpg": [`img=worms.jpg&q=${quality}&w=32`] };
  const answer = await fetch(`${pod.url}api/published/blog/${name}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ images, ...(expires !== undefined && { expires }) }),
  });
  expect(answer.status).toBe(204);
};

const unreadSets = (pod: Pod): Promise<number> => pod.metric("imgproxy_lite_published_unread_sets");

describe("VARIANTS=listed", () => {
  test("VARIANTS=listed is open on a new volume, and closed from the first set on: after its last preview, and after a restart", async () => {
    const { pod } = await start("preview");
    expect(pod.log()).toContain("until one does, everything is open");
    expect(await statuses(pod, 33, 34)).toEqual([200, 200]);
    await put(pod, "draft", 33, 1);
    await expect.poll(() => statuses(pod, 33, 34)).toEqual([404, 404]);
    await pod.stop();
    const again = await start("preview");
    expect(again.pod.log()).toContain("no published set is live");
    expect(await statuses(again.pod, 33, 34)).toEqual([404, 404]);
    // A new volume starts without sets, and the log says so.
    expect((await start("fresh")).pod.log()).toContain("until one does, everything is open");
  });

  test("VARIANTS=listed stays as it was while a set cannot be read, on every replica, and reads a new set when it is whole", async () => {
    const { pod, file } = await start("torn");
    const other = await start("torn");
    await put(pod, "one", 33);
    await expect.poll(() => statuses(other.pod, 33, 34)).toEqual([200, 404]);
    const whole = await readFile(file("one"));
    await writeFile(file("one"), whole.subarray(0, 30));
    await writeFile(file("two"), whole.subarray(0, 30));
    await put(pod, "three", 35);
    for (const each of [pod, other.pod]) {
      await expect.poll(() => statuses(each, 33, 34, 35)).toEqual([200, 404, 200]);
      expect(await unreadSets(each)).toBe(2);
      await expect.poll(() => each.log()).toContain("published/blog/two.json");
    }
    const refused = await fetch(`${pod.url}?img=worms.jpg&q=34&w=32`);
    expect([await refused.json(), refused.headers.get("cache-control")]).toMatchObject([
      { code: "unknown-published" },
      "no-store",
    ]);
    // Nothing announces the new set.
    await writeFile(file("two"), whole.toString().replaceAll("q=33", "q=34"));
    for (const each of [pod, other.pod])
      await expect.poll(() => statuses(each, 33, 34, 36)).toEqual([200, 200, 404]);
    await writeFile(file("one"), "{");
    await put(pod, "four", 37);
    await pod.stop();
    const again = await start("torn");
    expect(await statuses(again.pod, 34, 36, 37)).toEqual([200, 404, 200]);
    expect(await unreadSets(again.pod)).toBe(1);
    report(
      "V3",
      "2 replicas, one damaged set, one half-written new set, a restart",
      "never open; read when whole",
    );
  });

  test("VARIANTS=listed stays as it was when the cache folder disappears, and follows later publishes", async () => {
    const { pod, published } = await start("gone");
    await put(pod, "one", 33);
    await rm(join(folder, "gone"), { recursive: true });
    await expect.poll(() => unreadSets(pod)).toBe(1);
    expect(await statuses(pod, 33, 34)).toEqual([200, 404]);
    await mkdir(join(folder, "gone"));
    await put(pod, "two", 34);
    expect(await statuses(pod, 33, 34)).toEqual([404, 200]);
    expect(await readdir(published)).toContain(".published");
  });

  test("VARIANTS=listed is closed on a volume of an earlier version whose only set cannot be read", async () => {
    await mkdir(join(folder, "earlier", "published", "blog"), { recursive: true });
    await writeFile(join(folder, "earlier", "published", "blog", "one.json"), "{");
    const { pod } = await start("earlier");
    expect(await statuses(pod, 33, 34)).toEqual([404, 404]);
  });
});
