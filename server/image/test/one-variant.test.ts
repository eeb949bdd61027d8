import { copyFile, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { report } from "../../test/chaos/chaos.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const token = "the-token-of-the-test";

const atEnd = atFileEnd();

/** A complete server on a folder of photographs; `get` sends a browser's Accept and returns status and code. */
async function start(settings: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder(atEnd);
  const photos = join(folder, "photos");
  await mkdir(photos);
  const pod = await startPod(
    { SOURCE: photos, CACHE_DIR: join(folder, "cache"), GC_INTERVAL: "0", TOKEN: token, ...settings },
    undefined,
    atEnd,
  );
  const ask = (query: string) => fetch(`${pod.url}?${query}`, { headers: { accept: browserAccept.avif } });
  const get = async (query: string): Promise<string> => {
    const response = await ask(query);
    if (response.status === 200) {
      await response.arrayBuffer();
      return `200 ${response.headers.get("cache-status")?.replace("imgproxy-lite; ", "")}`;
    }
    const { code } = (await response.json()) as { code: string };
    return `${response.status} ${code}`;
  };
  return { pod, photos, ask, get };
}

type Started = Awaited<ReturnType<typeof start>>;
const servers: Record<"memory" | "disk", Started> = {} as Record<"memory" | "disk", Started>;
beforeAll(async () => {
  // Failures of a folder's photographs are remembered for as long: on a busy machine, a second is too short for a test.
  const remembering = { SOURCE_CHECK_INTERVAL: "1h" };
  servers.memory = await start({ ...remembering, MAX_SOURCE_BYTES: "400kB" });
  servers.disk = await start({ ...remembering, HOT_CACHE_BYTES: "0" });
});

const failures = (pod: Pod, cause: string): Promise<number> =>
  pod.metric("imgproxy_lite_encode_failures_total", `"${cause}"`);

/** The second request for a variant, which is stored after the answer to the first one. */
const untilHit = (get: (query: string) => Promise<string>, query: string) =>
  expect.poll(() => get(query)).toBe("200 hit");

/** No AVIF has a side of 17,000 pixels. */
const panorama = () => photo(17_000, 12).jpeg({ quality: 60 });

test.each(["memory", "disk"] as const)(
  "a variant that cannot be made fails alone: entries in %s are served, and the original, and the other variants are made",
  async (cache) => {
    const { pod, photos, get } = servers[cache];
    await panorama().toFile(join(photos, "pano.jpg"));
    await get("img=pano.jpg&q=60&w=800");
    await untilHit(get, "img=pano.jpg&q=60&w=800");
    await get("img=pano.jpg&fm=json");
    await untilHit(get, "img=pano.jpg&fm=json");
    const before = await failures(pod, "variant");
    for (let time = 0; time < 3; time++) {
      expect(await get("img=pano.jpg&q=50&fm=avif")).toBe("422 impossible-variant");
      expect(await get("img=pano.jpg&q=60&w=800")).toBe("200 hit");
      // By the readable path, for which the source is asked first.
      expect(await get("img=pano.jpg&q=60&w=800&v=0123456789")).toBe("200 hit");
      expect(await get("img=pano.jpg&fm=json")).toBe("200 hit");
      expect(await get("img=pano.jpg")).toBe("200 fwd=bypass");
      expect(await get(`img=pano.jpg&q=6${time}&w=200&fm=avif`)).toBe("200 fwd=miss");
    }
    // Remembered: readers of a broken link cost one encode, not one each.
    expect(await failures(pod, "variant")).toBe(before + 1);
    report(
      "V1",
      `a variant that cannot be made, asked for between hits from ${cache}, other variants, JSON and the original`,
      "422 and one encode; the rest 100 % 200",
    );
  },
);

test("a format that fails at its own limit affects no other format", async () => {
  const { photos, get } = servers.memory;
  await copyFile(
    join(import.meta.dirname, "../../test/fixtures", "tall-16384.png"),
    join(photos, "tall.png"),
  );
  expect(await get("img=tall.png&q=90")).toBe("200 fwd=miss");
  expect(await get("img=tall.png&q=90&w=10")).toBe("200 fwd=miss");
  expect(await get("img=tall.png&fm=json")).toBe("200 fwd=miss");
  expect(await get("img=tall.png")).toBe("200 fwd=bypass");
});

test("an original that is too large is served unchanged, and its variants cost no further request to the source", async () => {
  const { pod, photos, ask, get } = servers.memory;
  await photo(600, 400).png().toFile(join(photos, "big.png"));
  expect(await get("img=big.png&q=1")).toBe("422 unreadable-source");
  const asked = await pod.metric("imgproxy_lite_source_requests_total");
  for (const query of ["q=2", "q=3&w=9", "fm=json"])
    expect(await get(`img=big.png&${query}`)).toBe("422 unreadable-source");
  expect(await pod.metric("imgproxy_lite_source_requests_total")).toBe(asked);
  const original = await ask("img=big.png");
  expect(original.status).toBe(200);
  expect((await original.arrayBuffer()).byteLength).toBe((await stat(join(photos, "big.png"))).size);
});

test("an original that cannot be decoded at any size is decoded once, and served unchanged", async () => {
  const { pod, photos, get } = servers.memory;
  const whole = await photo(600, 400).jpeg().toBuffer();
  await writeFile(join(photos, "cut.jpg"), whole.subarray(0, whole.length / 2));
  const before = await failures(pod, "source");
  for (const query of ["q=50", "q=51&w=9", "q=50&fm=png", "fm=json"])
    expect(await get(`img=cut.jpg&${query}`)).toBe("422 unreadable-source");
  expect(await failures(pod, "source")).toBe(before + 1);
  expect(await get("img=cut.jpg")).toBe("200 fwd=bypass");
});

test("an original that is absent or not an image is requested once; its cached variants are served", async () => {
  const { pod, photos, ask, get } = servers.memory;
  await photo(64, 48).jpeg().toFile(join(photos, "boats.jpg"));
  const { version } = (await (await ask("img=boats.jpg&fm=json")).json()) as { version: string };
  await get("img=boats.jpg&q=60");
  await rename(join(photos, "boats.jpg"), join(photos, "moved.jpg"));
  await writeFile(join(photos, "page.jpg"), "<!doctype html>");
  const before = await pod.metric("imgproxy_lite_source_requests_total", "absent");
  for (const query of ["img=absent.jpg", "img=absent.jpg&q=5", "img=absent.jpg&fm=json"])
    expect(await get(query)).toBe("404 source-absent");
  for (const query of ["img=page.jpg&q=5", "img=page.jpg", "img=page.jpg&fm=json"])
    expect(await get(query)).toBe("415 unsupported-source");
  expect(await pod.metric("imgproxy_lite_source_requests_total", "absent")).toBe(before + 1);
  expect(await get("img=boats.jpg")).toBe("404 source-absent");
  expect(await get(`img=boats.jpg&q=60&v=${version}`)).toBe("200 hit");
  expect(await get("img=moved.jpg&q=60")).toBe("200 fwd=miss");
});

test("a photograph that is replaced by a broken one is served from the cache, and so is its description", async () => {
  const { photos, get } = servers.memory;
  await photo(64, 48).jpeg().toFile(join(photos, "worms.jpg"));
  for (const query of ["img=worms.jpg&q=60", "img=worms.jpg&fm=json"]) {
    await get(query);
    await untilHit(get, query);
  }
  await writeFile(join(photos, "worms.jpg"), (await photo(64, 48).jpeg().toBuffer()).subarray(0, 700));
  for (const query of ["img=worms.jpg&q=60", "img=worms.jpg&fm=json"])
    expect(await get(`${query}&v=0123456789`)).toBe("200 hit; detail=stale-if-error");
  expect(await get("img=worms.jpg&q=61")).toBe("422 unreadable-source");
});

test("a publish warms the other variants of a photograph whose first one cannot be made", async () => {
  const { pod, photos } = servers.memory;
  await panorama().toFile(join(photos, "wide.jpg"));
  const variants = [
    { q: 50, fm: "avif" },
    { q: 60, w: 80 },
    { q: 50, fm: "webp" },
    { q: 70, w: 80 },
  ];
  const answer = await fetch(`${pod.url}api/warm`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ img: "wide.jpg", variants }),
  });
  const lines = (await answer.text())
    .split("\n")
    // An empty line shows that the server is still working.
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ status, problem }) => problem?.code ?? status)).toEqual([
    "impossible-variant",
    "made",
    "impossible-variant",
    "made",
  ]);
  expect(lines.map(({ variant }) => variant)).toEqual(variants);
});
