import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import type { VariantSpec } from "../../../contract/api.ts";
import { readerClasses } from "../../../contract/formats.ts";
import { createDiskCache, type DiskCache } from "../../cache/disk.ts";
import { isEntryName, variantName } from "../../cache/name.ts";
import { atFileEnd } from "../../test/support/file-end.ts";
import { animation, quarters } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const atEnd = atFileEnd();
const token = "the-token-of-the-test";
let pod: Pod;
let photos: string;
let volume: string;
let cache: DiskCache;
beforeAll(async () => {
  const folder = await temporaryFolder(atEnd);
  [photos, volume] = [join(folder, "photos"), join(folder, "cache")];
  await mkdir(photos);
  await quarters(160, 80).jpeg({ quality: 95 }).toFile(join(photos, "worms.jpg"));
  await writeFile(join(photos, "logo.svg"), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>');
  await writeFile(join(photos, "moving.gif"), await animation("gif", 9));
  // The namespace that the server gives to a folder's photographs.
  cache = await createDiskCache({ folder: volume, namespace: `folder ${photos}` });
  pod = await startPod({ ...settings(), ORIGINALS: "off", MAX_FRAMES: "4" }, undefined, atEnd);
});
const settings = () => ({
  SOURCE: photos,
  CACHE_DIR: volume,
  GC_INTERVAL: "0",
  TOKEN: token,
  ENCODERS: "1",
});

async function get(query: string, { of = pod, accept = "*/*" } = {}) {
  const response = await fetch(`${of.url}?${query}`, { headers: { accept } });
  const body = Buffer.from(await response.arrayBuffer());
  const { headers } = response;
  const problem: unknown = response.ok ? {} : JSON.parse(String(body));
  return { status: response.status, headers, body, problem };
}

/** The colour in the picture's middle: red, green, blue or white. */
async function middleOf(body: Buffer): Promise<string> {
  const [red = 0, green = 0, blue = 0] = await sharp(body).resize(1, 1).removeAlpha().raw().toBuffer();
  const bright = Object.entries({ red, green, blue }).filter(([, value]) => value > 127);
  return bright.length > 1 ? "white" : `${bright[0]?.[0]}`;
}

async function sizeOf(body: Buffer): Promise<(number | undefined)[]> {
  const { width, height } = await sharp(body).metadata();
  return [width, height];
}

const call = (method: string, path: string, body: unknown, of = pod): Promise<Response> =>
  fetch(`${of.url}api/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });

/** The names of a photograph's entries, without its hash, sorted. */
async function entriesOf(key: string): Promise<string[]> {
  const [hash = ""] = cache.nameOf({ key, quality: 1, class: "auto" }).split(".");
  const names = await readdir(join(volume, "v1", hash.slice(0, 2), hash.slice(2, 4)));
  return names
    .filter((name) => name.startsWith(hash))
    .map((name) => name.slice(hash.length + 1))
    .sort();
}

describe("a crop", () => {
  test("a crop is a variant with its own size and focus, and a hit from then on", async () => {
    for (const [focus, colour] of [
      ["0,0", "red"],
      ["100,0", "green"],
      ["0,100", "blue"],
      ["100,100", "white"],
    ] as const) {
      const query = `img=worms.jpg&q=80&w=20&ar=2:1&fp=${focus}`;
      // If the picture is not higher than the crop, half of the crop shows the other half of the picture.
      const tall = `img=worms.jpg&q=80&w=20&ar=1:2&fp=${focus}`;
      const made = await get(query);
      expect([made.status, await sizeOf(made.body)]).toEqual([200, [20, 10]]);
      const narrow = await get(tall);
      expect(await sizeOf(narrow.body)).toEqual([20, 40]);
      expect(
        await middleOf(
          await sharp(narrow.body)
            .extract(cornerOf(focus, 20, 40))
            .toBuffer(),
        ),
      ).toBe(colour);
      const again = await get(tall);
      expect(again.headers.get("cache-status")).toBe("imgproxy-lite; hit");
      expect(again.body.equals(narrow.body)).toBe(true);
    }
  });

  test("a crop without q or w is the largest, at the default quality, and never the original", async () => {
    const made = await get("img=worms.jpg&ar=1:1");
    expect([made.status, await sizeOf(made.body)]).toEqual([200, [80, 80]]);
    expect((await get("img=worms.jpg&ar=1:1&q=75")).body.equals(made.body)).toBe(true);
    expect((await get("img=worms.jpg")).status).toBe(403);
  });

  test("a crop in another spelling is refused with the correct one", async () => {
    const refused = await get("img=worms.jpg&q=60&ar=80:42");
    expect([refused.status, refused.problem]).toMatchObject([
      400,
      { code: "invalid-request", detail: expect.stringContaining("40:21") },
    ]);
  });

  test("a crop does not affect JSON, which describes the photograph, and SVG, which has no pixels", async () => {
    const info = await get("img=worms.jpg&fm=json&ar=1:1");
    expect(JSON.parse(String(info.body))).toMatchObject({ width: 160, height: 80 });
    const svg = await get("img=logo.svg&q=60&ar=1:1");
    expect([svg.status, svg.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
  });

  test("a crop of an animation that is passed on is refused, unless it is the whole image", async () => {
    const refused = await get("img=moving.gif&q=60&ar=1:1");
    expect([refused.status, refused.problem]).toMatchObject([
      422,
      { code: "impossible-variant", detail: expect.stringMatching(/9 frames.*omit ar/) },
    ]);
    expect((await get("img=moving.gif&q=60&ar=4:3")).status).toBe(200);
    expect((await get("img=moving.gif&q=60")).status).toBe(200);
  });

  test("a crop without a focus uses that of the photograph's record, if it belongs to this photograph", async () => {
    await quarters(160, 80).png().toFile(join(photos, "focused.png"));
    const narrow = (q: number) => `img=focused.png&q=${q}&fm=png&w=20&ar=1:2`;
    await get("img=focused.png&fm=json");
    await expect.poll(() => cache.readRecord("focused.png")).toBeDefined();
    const record = await cache.readRecord("focused.png");
    if (record === undefined) throw new Error("no record");
    const topOf = async (q: number) =>
      middleOf(
        await sharp((await get(narrow(q))).body)
          .extract({ left: 0, top: 0, width: 4, height: 4 })
          .toBuffer(),
      );
    await cache.changeRecord("focused.png", () => ({ ...record, focus: "100,0" }));
    expect(await topOf(91)).toBe("green");
    await cache.changeRecord("focused.png", () => ({ ...record, focus: "100,0", validator: "another" }));
    expect(await topOf(92)).toBe("red");
  });
});

const cornerOf = (focus: string, width: number, height: number) => {
  const [x = 0, y = 0] = focus.split(",").map(Number);
  return { left: x === 0 ? 0 : width - 4, top: y === 0 ? 0 : height - 4, width: 4, height: 4 };
};

describe("a publish with crops", () => {
  const spec = { q: 60, w: 24, ar: "40:21", fp: "30,70" } as const;
  const specs: VariantSpec[] = [
    { ...spec, accept: "avif" },
    { ...spec, fm: "jpg" },
    { q: 60, w: 24, ar: "40:21", fm: "jpg" },
  ];
  const queries = [
    "ar=40%3A21&fp=30%2C70&img=cover.jpg&q=60&w=24",
    "ar=40%3A21&fm=jpg&img=cover.jpg&q=60&w=24",
  ];

  test("a publish warms, pins, lists and purges crops", async () => {
    await quarters(160, 80).jpeg().toFile(join(photos, "cover.jpg"));
    const images = [{ img: "cover.jpg", variants: specs }];
    expect(await (await call("POST", "missing", { images })).json()).toEqual({ images });
    const lines = (await (await call("POST", "warm", images[0])).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      specs.map((variant) => ({ variant, status: "made" })),
    );
    const names = ["24.60.auto-aw-40x21-30x70", "24.60.jpg-40x21", "24.60.jpg-40x21-30x70", "source"];
    await expect.poll(() => entriesOf("cover.jpg")).toEqual(names.filter((name) => name !== "source"));
    for (const name of names) expect(isEntryName(`${"0".repeat(32)}.${name}`)).toBe(true);
    expect(await (await call("POST", "missing", { images })).json()).toEqual({ images: [] });
    const reader = await get(queries[0] ?? "", { accept: browserAccept.avif });
    expect(reader.headers.get("cache-status")).toBe("imgproxy-lite; hit");

    const published = { images: { "cover.jpg": ["fp=30,70&img=cover.jpg&w=24&q=60&ar=40:21", queries[1]] } };
    expect((await call("PUT", "published/blog/one", published)).status).toBe(204);
    const stored = JSON.parse(await readFile(join(volume, "published", "blog", "one.json"), "utf8"));
    expect(stored.images).toEqual({ "cover.jpg": queries });
    const nameOf = (of: string, crop: string) =>
      `${cache.nameOf({ key: "cover.jpg", width: 24, quality: 60, class: "auto" }).slice(0, -4)}${of}${crop}`;
    expect(stored.pins.sort()).toEqual(
      [...readerClasses.map((of) => nameOf(of, "-40x21-30x70")), nameOf("jpg", "-40x21")].sort(),
    );

    const listed = await startPod({ ...settings(), VARIANTS: "listed" });
    const statuses = [...queries, "fm=jpg&img=cover.jpg&q=60&w=24", "ar=2:1&fm=jpg&img=cover.jpg&q=60&w=24"];
    const answers = await Promise.all(statuses.map((query) => get(query, { of: listed })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 404]);

    await expect.poll(() => entriesOf("cover.jpg")).toContain("24.60.auto-40x21-30x70");
    const purged = await call("DELETE", "purge?img=cover.jpg", undefined);
    expect(await purged.json()).toEqual({ purged: 4 });
    expect(await entriesOf("cover.jpg")).toEqual([]);
  });

  test("an invalid crop in a body is named", async () => {
    for (const [crop, words] of [
      [{ ar: "80:42" }, "variants[0].ar takes the lowest terms: 40:21"],
      [{ ar: ["16:9"] }, "variants[0].ar takes two whole numbers, such as 16:9"],
      [{ fp: "30,70" }, "variants[0] takes fp only beside ar"],
      [{ ar: "16:9", fp: "030,70" }, "variants[0].fp takes no leading zeros: 30,70"],
      [{ ar: "16:9", fp: 30 }, "variants[0].fp takes two whole numbers from 0 to 100, such as 30,70"],
    ] as const) {
      const refused = await call("POST", "warm", { img: "worms.jpg", variants: [crop] });
      expect([refused.status, await refused.json()]).toMatchObject([400, { detail: words }]);
    }
  });
});

test("entries that were stored before crops existed are still found", () => {
  // The name in the previous release.
  const name = variantName({ key: "worms.jpg", width: 800, quality: 55, class: "auto-aw" }, "");
  expect(name).toBe("8f7a6c49bd78ab8fda8169f1e78f71b4.800.55.auto-aw");
});
