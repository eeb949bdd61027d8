import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseEntry } from "../../cache/entry.ts";
import { leaseName, sourceHash } from "../../cache/name.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { Readers } from "../../test/support/readers.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();
const token = "the-token-of-the-test";
const headers = { authorization: `Bearer ${token}` };
const [ann, ben] = [new Readers(1, "127.0.0.1"), new Readers(1, "127.0.0.2")];
let folder: string;
let photos: string;
let volume: string;
let pod: Pod;

const start = (settings: Readonly<Record<string, string>> = {}): Promise<Pod> =>
  startPod(
    {
      SOURCE: photos,
      CACHE_DIR: volume,
      GC_INTERVAL: "0",
      TOKEN: token,
      ENCODERS: "1",
      WARM_ENCODERS: "1",
      ...settings,
    },
    undefined,
    atEnd,
  );

beforeAll(async () => {
  folder = await temporaryFolder(atEnd);
  [photos, volume] = [join(folder, "photos"), join(folder, "cache")];
  await mkdir(photos);
  pod = await start();
});

/** A photograph of its own for each test; variants of `fm=jpg` have one entry each. */
async function addPhoto(key: string): Promise<void> {
  await writeFile(join(photos, key), await photo(320, 240).jpeg({ quality: 95 }).toBuffer());
}

const query = (key: string, w = 240): string => `fm=jpg&img=${key}&q=70&w=${w}`;

async function ask(reader: Readers, key: string, { of = pod, w = 240, more = "" } = {}) {
  const { status, headers, body } = await reader.ask(`${of.url}?${query(key, w)}${more}`);
  const cache = String(headers["cache-status"]).replace("imgproxy-lite; ", "");
  return { status, cache, etag: headers.etag, bytes: body.byteLength };
}

async function publish(name: string, ...keys: readonly string[]): Promise<void> {
  const images = Object.fromEntries(keys.map((key) => [key, [query(key)]]));
  const set = { method: "PUT", headers, body: JSON.stringify({ images }) };
  expect((await fetch(`${pod.url}api/published/${name}/one`, set)).status).toBe(204);
}

/** Starts the encoder of its warm lane. */
async function warmUp(of: Pod, key: string): Promise<void> {
  const body = JSON.stringify({ img: key, variants: [{ q: 70, w: 240, fm: "jpg" }] });
  const answer = await fetch(`${of.url}api/warm`, { method: "POST", headers, body });
  expect(await answer.text()).toContain('"made"');
}

const namespace = (): string => `folder ${photos}`;

function folderOf(key: string): string {
  const hash = sourceHash(key, namespace());
  return join(volume, "v1", hash.slice(0, 2), hash.slice(2, 4));
}

/** The effort of the entry on disk: 0 is a live one, 1 a warm one. */
async function effortOf(key: string): Promise<number | undefined> {
  const hash = sourceHash(key, namespace());
  const names = await readdir(folderOf(key)).catch(() => []);
  const name = names.find((one) => one.startsWith(`${hash}.240.70.`));
  if (name === undefined) return undefined;
  return parseEntry(name, await readFile(join(folderOf(key), name)))?.meta.effort;
}

const outcomes = (of: Pod, outcome: string): Promise<number> =>
  of.metric("imgproxy_lite_reencodes_total", `"${outcome}"`);

describe("an image that was made for a waiting reader", () => {
  test("a published one is made again with fewer bytes, and no reader waits for it", async () => {
    await addPhoto("published.jpg");
    await publish("blog", "published.jpg");
    const before = await ask(ann, "published.jpg");
    expect(before).toMatchObject({ status: 200, cache: "fwd=miss" });
    await expect.poll(() => effortOf("published.jpg")).toBe(1);
    // It is in memory too.
    const after = await ask(ann, "published.jpg");
    expect(after).toMatchObject({ status: 200, cache: "hit" });
    expect(after.etag).not.toBe(before.etag);
    expect(after.bytes).toBeLessThan(before.bytes);
  });

  test("one of two replicas makes it again", async () => {
    const other = await start();
    const sum = async (outcome: string) => (await outcomes(pod, outcome)) + (await outcomes(other, outcome));
    const [made, elsewhere] = [await sum("made"), await sum("elsewhere")];
    await addPhoto("shared.jpg");
    await ask(ann, "shared.jpg");
    await expect.poll(() => effortOf("shared.jpg")).toBe(0);
    // Both have it in memory, and decide at the same time.
    await ask(ann, "shared.jpg", { of: other });
    for (const of of [pod, other]) await ask(ann, "shared.jpg", { of });
    await Promise.all([pod, other].map((of) => ask(ben, "shared.jpg", { of })));
    await expect
      .poll(async () => [await sum("made"), await sum("elsewhere")])
      .toEqual([made + 1, elsewhere + 1]);
    await other.stop();
  });

  test("one that nobody has published is made again after three requests from two clients, and after another replica that has the lease", async () => {
    const [elsewhere, made] = [await outcomes(pod, "elsewhere"), await outcomes(pod, "made")];
    for (const key of ["one-client.jpg", "left.jpg", "dead.jpg"]) {
      await addPhoto(key);
      for (let n = 0; n < 3; n++) await ask(ann, key);
      await expect.poll(() => effortOf(key)).toBe(0);
    }
    // One replica is at work, and another has died an hour ago.
    const leaseOf = (key: string): string => join(folderOf(key), leaseName(key, namespace()));
    for (const key of ["left.jpg", "dead.jpg"]) await writeFile(leaseOf(key), "");
    const hour = new Date(Date.now() - 3_600_000);
    await utimes(leaseOf("dead.jpg"), hour, hour);
    for (const key of ["left.jpg", "dead.jpg"]) await ask(ben, key);
    await expect.poll(() => effortOf("dead.jpg")).toBe(1);
    expect([await effortOf("left.jpg"), await effortOf("one-client.jpg")]).toEqual([0, 0]);
    // The replica at work makes other widths, and nobody has made this one.
    expect(await outcomes(pod, "elsewhere")).toBe(elsewhere);
    await rm(leaseOf("left.jpg"));
    await expect.poll(() => effortOf("left.jpg")).toBe(1);
    await expect.poll(() => outcomes(pod, "made")).toBe(made + 2);
    expect(await outcomes(pod, "elsewhere")).toBe(elsewhere);
    // It keeps no lease that others would wait for.
    const isLeased = (key: string) =>
      readdir(folderOf(key)).then((names) => names.includes(leaseName(key, namespace())));
    for (const key of ["left.jpg", "dead.jpg"]) await expect.poll(() => isLeased(key)).toBe(false);
  });

  test("one whose photograph is gone stays as it is, and nothing is logged", async () => {
    const failed = await outcomes(pod, "failed");
    await addPhoto("gone.jpg");
    const info = await fetch(`${pod.url}?img=gone.jpg&fm=json`);
    const { version } = (await info.json()) as { version: string };
    const more = `&v=${version}`;
    const widths = [120, 240];
    for (const w of widths) await ask(ann, "gone.jpg", { w, more });
    await expect.poll(() => effortOf("gone.jpg")).toBe(0);
    await rm(join(photos, "gone.jpg"));
    for (const reader of [ann, ben]) for (const w of widths) await ask(reader, "gone.jpg", { w, more });
    await expect.poll(() => outcomes(pod, "failed")).toBe(failed + widths.length);
    expect(await ask(ben, "gone.jpg", { more })).toMatchObject({ status: 200, cache: "hit" });
    expect(await pod.logged()).not.toContain("could not");
  });

  test("none is made again with REENCODE_BUDGET=0, and while the volume has less free space than CACHE_MIN_FREE", async () => {
    const made = await outcomes(pod, "made");
    const keys = ["off.jpg", "full.jpg", "on.jpg", "later.jpg"];
    for (const key of [...keys, "first.jpg", "second.jpg"]) await addPhoto(key);
    await publish("pressed", ...keys);
    const [off, full] = await Promise.all([
      start({ REENCODE_BUDGET: "0" }),
      start({ CACHE_MIN_FREE: "1000000GiB" }),
    ]);
    // Their encoders are as warm as this replica's, so that they would be as fast.
    await warmUp(off, "first.jpg");
    await warmUp(full, "second.jpg");
    for (const [of, key] of [
      [off, "off.jpg"],
      [full, "full.jpg"],
      [pod, "on.jpg"],
    ] as const)
      await ask(ann, key, { of });
    await expect.poll(() => outcomes(pod, "made")).toBe(made + 1);
    // The whole way once more: nothing of the first round is still on its way in the others.
    await ask(ann, "later.jpg");
    await expect.poll(() => outcomes(pod, "made")).toBe(made + 2);
    const counts = async (of: Pod) =>
      Promise.all(["made", "elsewhere", "failed"].map((outcome) => outcomes(of, outcome)));
    expect([await counts(off), await counts(full)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    await Promise.all([off.stop(), full.stop()]);
  });
});
