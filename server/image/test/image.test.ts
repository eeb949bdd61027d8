import { createHash } from "node:crypto";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import { publishedFields } from "../../../contract/meta.ts";
import { sign } from "../../../contract/url/signature.ts";
import type { Variant } from "../../cache/cache.ts";
import { Problem } from "../../errors.ts";
import { folderPolicy, remotePolicy } from "../../http/freshness.ts";
import { etagOf } from "../../http/response-headers.ts";
import { put } from "../../published/test/sets.ts";
import { type SourceStat, versionOf } from "../../source/source.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";

let world: World;
const open = async (options?: WorldOptions): Promise<World> => {
  await world?.close();
  world = await createWorld(options);
  await writeFile(join(world.folder, "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
  await writeFile(join(world.folder, "logo.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
  return world;
};
const body = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const versionNow = async (): Promise<string> => {
  const bytes = await readFile(join(world.folder, "worms.jpg"));
  return versionOf(`sha256:${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}`);
};
const avif = { headers: { accept: browserAccept.avif } };

beforeEach(async () => {
  await open();
});
afterEach(() => world.service.background.idle());
afterAll(() => world.close());

describe("a variant", () => {
  test("a variant has a format that its reader can show and at most the requested width, and Vary names Accept", async () => {
    for (const [accept, format] of [
      [browserAccept.avif, "heif"],
      [browserAccept.webp, "webp"],
      [browserAccept.none, "jpeg"],
    ] as const) {
      const response = await world.get("/?img=worms.jpg&q=33&w=32", { headers: { accept } });
      expect(response.status).toBe(200);
      expect(response.headers.get("vary")).toBe("Accept");
      const { format: made, width } = await sharp(await body(response)).metadata();
      expect([made, width]).toEqual([format, 32]);
    }
  });

  test("a variant with an explicit fm depends on no header", async () => {
    const response = await world.get("/?img=worms.jpg&q=33&fm=webp");
    expect(response.headers.get("content-type")).toBe("image/webp");
    expect(response.headers.get("vary")).toBeNull();
  });

  test("a variant is made once and then is a hit, with the same headers except Cache-Status", async () => {
    const first = await world.get("/?img=worms.jpg&q=33", avif);
    const again = await world.get("/?q=33&img=worms.jpg&utm_source=x", avif);
    expect(first.headers.get("cache-status")).toBe("imgproxy-lite; fwd=miss");
    expect(again.headers.get("cache-status")).toBe("imgproxy-lite; hit");
    expect(await body(again)).toEqual(await body(first));
    expect(world.encoder.count()).toBe(1);
    const differing = [...first.headers].filter(([name, value]) => again.headers.get(name) !== value);
    expect(differing.map(([name]) => name)).toEqual(["cache-status", "x-request-id"]);
  });

  test("a variant that was dropped from memory comes from the disk cache", async () => {
    await world.get("/?img=worms.jpg&q=33", avif);
    await world.service.background.idle();
    world.service.hot.clear();
    const again = await world.get("/?img=worms.jpg&q=33", avif);
    expect(again.headers.get("cache-status")).toBe("imgproxy-lite; hit");
  });

  test("a variant answers If-None-Match with 304 and HEAD without a body, both with the headers of GET", async () => {
    const got = await world.get("/?img=worms.jpg&q=33", avif);
    const etag = got.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const head = await world.get("/?img=worms.jpg&q=33", { ...avif, method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String((await body(got)).byteLength));
    expect((await body(head)).byteLength).toBe(0);
    for (const ifNoneMatch of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const headers = { ...avif.headers, "if-none-match": ifNoneMatch };
      const unchanged = await world.get("/?img=worms.jpg&q=33", { headers });
      expect(unchanged.status).toBe(304);
      expect(unchanged.headers.get("etag")).toBe(etag);
      expect(unchanged.headers.get("vary")).toBe("Accept");
      expect(unchanged.headers.get("cache-control")).toBe(got.headers.get("cache-control"));
      expect(unchanged.headers.has("content-length")).toBe(false);
    }
    const headers = { ...avif.headers, "if-none-match": '"other"' };
    expect((await world.get("/?img=worms.jpg&q=33", { headers })).status).toBe(200);
  });

  test("a variant has its own name for saving, with the extension of its format", async () => {
    await writeFile(join(world.folder, "Größe 1.jpeg"), await photo(8, 8).jpeg().toBuffer());
    const response = await world.get("/?img=Gr%C3%B6%C3%9Fe%201.jpeg&q=33&fm=webp");
    expect(response.headers.get("content-disposition")).toBe(
      "inline; filename=\"Gr__e 1.webp\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.webp",
    );
  });

  test("a variant that five hundred readers request together costs one fetch and one encode", async () => {
    await open({ policy: remotePolicy });
    const all = await Promise.all(Array.from({ length: 500 }, () => world.get("/?img=worms.jpg&q=33&w=16")));
    expect(all.map(({ status }) => status)).toEqual(Array(500).fill(200));
    expect(world.asked).toEqual(["open worms.jpg"]);
    expect(world.encoder.count()).toBe(1);
  });

  test("a variant is finished for the others when the reader who requested it first leaves", async () => {
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let reached = (): void => undefined;
    const encoding = new Promise<void>((resolve) => {
      reached = resolve;
    });
    world.encoder.before = () => {
      reached();
      return held;
    };
    const leaver = new AbortController();
    const left = world.get("/?img=worms.jpg&q=33&w=16", { signal: leaver.signal }).catch(() => undefined);
    const stayed = world.get("/?img=worms.jpg&q=33&w=16");
    await encoding;
    leaver.abort();
    await left;
    go();
    expect((await stayed).status).toBe(200);
    expect(world.encoder.count()).toBe(1);
  });

  test("a variant that nobody waits for any more is dropped", async () => {
    const dropped = new Promise<void>((resolve) => {
      world.encoder.before = (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            resolve();
            reject(signal.reason);
          });
          leaver.abort();
        });
    });
    const leaver = new AbortController();
    await world.get("/?img=worms.jpg&q=33", { signal: leaver.signal }).catch(() => undefined);
    await dropped;
    expect(world.encoder.count()).toBe(0);
  });

  test("a substitute is cacheable for a minute, and the requested variant is made in the background", async () => {
    world.encoder.substitute = true;
    const first = await world.get("/?img=worms.jpg&q=33", avif);
    expect(first.headers.get("cache-control")).toBe("public, max-age=60");
    await world.service.background.idle();
    const again = await world.get("/?img=worms.jpg&q=33", avif);
    expect(again.headers.get("cache-control")).toBe("no-cache");
    expect(world.encoder.count()).toBe(2);
  });
});

describe("freshness", () => {
  const url = (v?: string): string => `/?img=worms.jpg&q=33${v === undefined ? "" : `&v=${v}`}`;
  const replace = async (): Promise<void> =>
    writeFile(join(world.folder, "worms.jpg"), await photo(80, 60).jpeg().toBuffer());
  const control = (response: Response): string | null => response.headers.get("cache-control");

  /** A world whose clock a test sets forward. */
  const openWithClock = async (options: WorldOptions): Promise<(ms: number) => void> => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await open(options);
    return (ms) => void vi.advanceTimersByTime(ms);
  };

  test("a changed file in a folder appears at once", async () => {
    const first = await world.get(url());
    expect(control(first)).toBe("no-cache");
    await replace();
    const second = await world.get(url());
    expect((await sharp(await body(second)).metadata()).width).toBe(80);
  });

  test("a file in a folder is checked once an interval for all its readers; then a change shows, and a deletion is 404", async () => {
    const passes = await openWithClock({ policy: folderPolicy(1_000) });
    const widthOf = async (width: number): Promise<number | undefined> => {
      const response = await world.get(`${url()}&w=${width}`);
      expect(control(response)).toBe("no-cache");
      return (await sharp(await body(response)).metadata()).width;
    };
    const all = (): Promise<unknown> => Promise.all([20, 20, 70, 70, 500].map(widthOf));
    const described = async (): Promise<unknown> => (await world.get("/?img=worms.jpg&fm=json")).json();
    await all();
    await described();
    await world.service.background.idle();
    await replace();
    world.asked.length = 0;
    passes(999);
    expect(await all()).toEqual([20, 20, 64, 64, 64]);
    expect(await described()).toMatchObject({ width: 64 });
    expect(world.asked).toEqual([]);
    passes(1);
    expect(await all()).toEqual([20, 20, 70, 70, 80]);
    expect(await described()).toMatchObject({ width: 80 });
    expect(world.asked.filter((call) => call.startsWith("stat"))).toEqual(["stat worms.jpg"]);
    await rm(join(world.folder, "worms.jpg"));
    passes(1_000);
    for (const target of [`${url()}&w=20`, `${url()}&w=500`, "/?img=worms.jpg&fm=json"])
      expect((await world.get(target)).status).toBe(404);
  });

  test("a folder that is checked before each answer shows each of twenty changes at the next request", async () => {
    for (let width = 20; width < 40; width += 1) {
      await writeFile(join(world.folder, "worms.jpg"), await photo(width, 20).jpeg().toBuffer());
      expect((await sharp(await body(await world.get(url()))).metadata()).width).toBe(width);
    }
  });

  test.each([
    ["before each answer", 0],
    ["once a second", 1_000],
  ])(
    "a folder that is checked %s shows a new file, and one that was mended, after a failure",
    async (_, checkMs) => {
      const passes = await openWithClock({ policy: folderPolicy(checkMs) });
      const whole = await photo(64, 48).jpeg().toBuffer();
      await writeFile(join(world.folder, "text.jpg"), "no image");
      const failures = [
        ["new", 404],
        ["text", 415],
      ] as const;
      for (const [name, status] of failures) {
        const response = await world.get(`/?img=${name}.jpg&q=33&w=20`);
        expect([name, response.status, control(response)]).toEqual([name, status, "no-cache"]);
        await writeFile(join(world.folder, `${name}.jpg`), whole);
      }
      passes(checkMs);
      for (const [name] of failures)
        expect([name, (await world.get(`/?img=${name}.jpg&q=33&w=20`)).status]).toEqual([name, 200]);
    },
  );

  test.each([
    ["a folder", folderPolicy(1_000)],
    ["a bucket", remotePolicy],
  ])(
    "a variant from %s whose original is replaced while it is made is not served afterwards",
    async (_, policy) => {
      const passes = await openWithClock({ policy });
      let encodes = 0;
      let go = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        go = resolve;
      });
      world.encoder.before = () => {
        encodes += 1;
        return held;
      };
      const made = world.get(`${url()}&w=40`);
      await expect.poll(() => encodes).toBe(1);
      await replace();
      passes(1_000);
      // Another reader's request finds the new original.
      const other = world.get(`${url(await versionNow())}&w=41`);
      await expect.poll(() => encodes).toBe(2);
      passes(1_000);
      go();
      const old = await body(await made);
      await body(await other);
      expect(await body(await world.get(`${url()}&w=40`))).not.toEqual(old);
    },
  );

  test("an image of a bucket is cacheable for a year with a version in the URL, for a day without", async () => {
    await open({ policy: remotePolicy });
    expect(control(await world.get(url(await versionNow())))).toBe("public, max-age=31536000, immutable");
    expect(control(await world.get(url()))).toBe(
      "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=604800",
    );
    expect(world.asked).toEqual(["open worms.jpg"]);
  });

  test("a replaced photograph in a bucket appears at once under its new version, and the old version is cacheable for a minute", async () => {
    await open({ policy: remotePolicy });
    const before = await versionNow();
    await world.get(url(before));
    await replace();
    const response = await world.get(url(await versionNow()));
    expect(control(response)).toBe("public, max-age=31536000, immutable");
    expect((await sharp(await body(response)).metadata()).width).toBe(80);
    expect(control(await world.get(url(before)))).toBe("public, max-age=60");
  });

  test("an image of a bucket that is due for a check is served at once and checked in the background", async () => {
    await open({ policy: { ...remotePolicy, unversionedSeconds: 0.001 } });
    await world.get(url());
    await replace();
    const width = async (): Promise<number | undefined> =>
      (await sharp(await body(await world.get(url()))).metadata()).width;
    expect(await width()).toBe(64);
    await expect.poll(width).toBe(80);
  });

  test("once the source has another photograph, no variant of the old one is served", async () => {
    await open({ policy: remotePolicy });
    const sizeOf = async (width: number): Promise<number | undefined> => {
      const response = await world.get(`${url(await versionNow())}&w=${width}`);
      return (await sharp(await body(response)).metadata()).height;
    };
    expect([await sizeOf(40), await sizeOf(32)]).toEqual([30, 24]);
    await writeFile(join(world.folder, "worms.jpg"), await photo(80, 80).jpeg().toBuffer());
    // The first request asks the source; the second one finds its answer, and an entry of the old photograph.
    expect([await sizeOf(40), await sizeOf(32)]).toEqual([40, 32]);
  });

  test("variants of a new photograph that another replica has made are hits", async () => {
    await open({ policy: remotePolicy });
    const accept = { headers: { accept: "image/webp" } };
    await world.get(url(await versionNow()), accept);
    await world.service.background.idle();
    await replace();
    const bytes = await readFile(join(world.folder, "worms.jpg"));
    const validator = `sha256:${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}`;
    const variant: Variant = { key: "worms.jpg", quality: 33, class: "auto-w" };
    const made = await world.cache.read(variant);
    const elsewhere = Buffer.from("made elsewhere");
    if (made !== undefined)
      await world.cache.write(variant, {
        meta: { ...made.meta, validator, etag: etagOf(elsewhere) },
        body: elsewhere,
      });
    const response = await world.get(url(await versionNow()), accept);
    expect([await response.text(), response.headers.get("cache-status")]).toEqual([
      "made elsewhere",
      "imgproxy-lite; hit",
    ]);
    expect(world.encoder.count()).toBe(1);
  });

  test("a photograph that is uploaded after a 404 appears at once under its version", async () => {
    // The clock stands still: on a busy machine, fifty requests take more than a second.
    await openWithClock({ policy: remotePolicy });
    await rm(join(world.folder, "worms.jpg"));
    expect((await world.get(url())).status).toBe(404);
    await replace();
    expect((await world.get(url())).status).toBe(404);
    expect((await world.get(url(await versionNow()))).status).toBe(200);
    for (let n = 0; n < 50; n += 1) await world.get(`/?img=absent.jpg&q=33&v=00000000${10 + n}`);
    expect(world.asked.filter((call) => call.endsWith("absent.jpg")).length).toBeLessThanOrEqual(5);
  });

  test("URLs with an unknown version cost one question a second, not one a request", async () => {
    const passes = await openWithClock({ policy: remotePolicy });
    await world.get(url());
    const asked = (): number => world.asked.filter((call) => call.startsWith("stat")).length;
    for (let n = 0; n < 50; n += 1)
      expect(control(await world.get(url(`00000000${10 + n}`)))).toBe("public, max-age=60");
    // A burst, and then a rate.
    expect(asked()).toBeLessThanOrEqual(5);
    const before = asked();
    passes(1_000);
    for (let n = 60; n < 90; n += 1) await world.get(url(`00000000${n}`));
    expect(asked()).toBe(before + 1);
    expect(world.encoder.count()).toBe(1);
  });

  test("a photograph that is gone takes its variants with it", async () => {
    await world.get(url());
    await world.service.background.idle();
    await rm(join(world.folder, "worms.jpg"));
    expect((await world.get(url())).status).toBe(404);
    expect(await world.stored()).toHaveLength(0);
  });

  test("cached variants are served while the source is down, and the headers say so", async () => {
    await world.get(url());
    world.fault = () => Promise.reject(new Problem("source-timeout"));
    const response = await world.get(url());
    expect(response.status).toBe(200);
    expect(control(response)).toBe("public, max-age=60");
    expect(response.headers.get("cache-status")).toBe("imgproxy-lite; hit; detail=stale-if-error");
  });
});

describe("an original", () => {
  test("an original is sent byte for byte with its true type, and is in no cache", async () => {
    await writeFile(join(world.folder, "lie.png"), await photo(8, 8).jpeg().toBuffer());
    const response = await world.get("/?img=lie.png");
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    expect(response.headers.get("content-disposition")).toBe('inline; filename="lie.jpg"');
    expect(response.headers.get("cache-status")).toBe("imgproxy-lite; fwd=bypass");
    expect(await body(response)).toEqual(await readFile(join(world.folder, "lie.png")));
    await world.service.background.idle();
    expect(await world.stored()).toHaveLength(0);
  });

  test.each([
    ["bytes=0-9", 0, 10],
    ["bytes=100-", 100, undefined],
    ["bytes=-7", -7, undefined],
    ["bytes=5-99999999", 5, undefined],
  ])("an original is sent in part for Range: %s", async (range, start, end) => {
    const whole = await readFile(join(world.folder, "worms.jpg"));
    const response = await world.get("/?img=worms.jpg", { headers: { range } });
    const expected = whole.subarray(start, end);
    expect(response.status).toBe(206);
    expect(await body(response)).toEqual(expected);
    expect(response.headers.get("content-length")).toBe(String(expected.byteLength));
    const first = start < 0 ? whole.byteLength + start : start;
    expect(response.headers.get("content-range")).toBe(
      `bytes ${first}-${first + expected.byteLength - 1}/${whole.byteLength}`,
    );
  });

  test("an original is sent whole if the range is for another object, has several parts, or is invalid", async () => {
    const whole = await readFile(join(world.folder, "worms.jpg"));
    for (const headers of [
      { range: "bytes=0-9", "if-range": '"other"' },
      { range: "bytes=0-1,4-5" },
      { range: "lines=1-2" },
    ]) {
      const response = await world.get("/?img=worms.jpg", { headers });
      expect(response.status).toBe(200);
      expect((await body(response)).equals(whole)).toBe(true);
    }
    const got = await world.get("/?img=worms.jpg");
    await body(got);
    const etag = got.headers.get("etag") ?? "";
    const rest = await world.get("/?img=worms.jpg", { headers: { range: "bytes=0-9", "if-range": etag } });
    expect(rest.status).toBe(206);
    expect((await body(rest)).byteLength).toBe(10);
  });

  test("an original honours the conditions of a request in the order of RFC 9110", async () => {
    const path = join(world.folder, "worms.jpg");
    const day = (date: string): string => `${date} Nov 2020 12:00:00 GMT`;
    const [before, then, after] = [day("Sat, 14"), day("Sun, 15"), day("Mon, 16")];
    // Half a second later: dates in HTTP have whole seconds.
    await utimes(path, Date.parse(then) / 1000 + 0.5, Date.parse(then) / 1000 + 0.5);
    const { headers } = await world.get("/?img=worms.jpg");
    const etag = headers.get("etag") ?? "";
    expect(headers.get("last-modified")).toBe(then);
    const rows: readonly (readonly [Record<string, string>, number])[] = [
      [{ "if-modified-since": before }, 200],
      [{ "if-modified-since": then }, 304],
      [{ "if-modified-since": after }, 304],
      [{ "if-modified-since": "Sunday, 15-Nov-20 12:00:00 GMT" }, 304],
      [{ "if-modified-since": "Sun Nov 15 12:00:00 2020" }, 304],
      [{ "if-modified-since": "2030" }, 200],
      [{ "if-unmodified-since": before }, 412],
      [{ "if-unmodified-since": then }, 200],
      [{ "if-unmodified-since": "never" }, 200],
      [{ "if-match": etag }, 200],
      [{ "if-match": `"other", ${etag}` }, 200],
      [{ "if-match": "*" }, 200],
      [{ "if-match": '"other"' }, 412],
      [{ "if-match": `W/${etag}` }, 412],
      [{ "if-none-match": `W/${etag}` }, 304],
      // A tag has precedence over a date.
      [{ "if-none-match": '"other"', "if-modified-since": after }, 200],
      [{ "if-none-match": etag, "if-modified-since": before }, 304],
      [{ "if-match": etag, "if-unmodified-since": before }, 200],
      [{ "if-match": '"other"', "if-none-match": etag }, 412],
      [{ "if-match": etag, "if-none-match": etag }, 304],
      [{ "if-unmodified-since": before, "if-none-match": etag }, 412],
      [{ "if-modified-since": then, range: "bytes=0-9" }, 304],
      [{ "if-match": '"other"', range: "bytes=0-9" }, 412],
      [{ "if-match": etag, range: "bytes=0-9" }, 206],
    ];
    for (const [headers, status] of rows)
      for (const method of ["GET", "HEAD"]) {
        const response = await world.get("/?img=worms.jpg", { method, headers });
        const expected = method === "HEAD" && status === 206 ? 200 : status;
        expect([headers, method, response.status]).toEqual([headers, method, expected]);
        if (status === 412) expect(response.headers.get("cache-control")).toBe("no-store");
        await response.arrayBuffer();
      }
    // A variant has no date of its own: only tags count.
    await world.get("/?img=worms.jpg&q=33", avif);
    for (const [name, value, status] of [
      ["if-match", '"other"', 412],
      ["if-match", "*", 200],
      ["if-modified-since", after, 200],
      ["if-unmodified-since", before, 200],
    ] as const) {
      const response = await world.get("/?img=worms.jpg&q=33", {
        headers: { ...avif.headers, [name]: value },
      });
      expect([name, value, response.status]).toEqual([name, value, status]);
    }
  });

  test("an original has no range beyond its end, and the answer has its length", async () => {
    const whole = await readFile(join(world.folder, "worms.jpg"));
    const response = await world.get("/?img=worms.jpg", { headers: { range: "bytes=999999-" } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${whole.byteLength}`);
  });

  test("an original answers HEAD with its length and 304 to its ETag", async () => {
    const whole = await readFile(join(world.folder, "worms.jpg"));
    const head = await world.get("/?img=worms.jpg", { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(whole.byteLength));
    expect(head.headers.get("accept-ranges")).toBe("bytes");
    const headers = { "if-none-match": head.headers.get("etag") ?? "" };
    expect((await world.get("/?img=worms.jpg", { headers })).status).toBe(304);
  });

  test("originals can be switched off, except SVG, which has no variants", async () => {
    await open({ originals: "off" });
    expect((await world.get("/?img=worms.jpg")).status).toBe(403);
    expect((await world.get("/?img=worms.jpg", { headers: { range: "bytes=0-1" } })).status).toBe(403);
    expect(await (await world.get("/?img=logo.svg")).text()).toMatch(/^<svg/);
    expect((await world.get("/?img=worms.jpg&q=33")).status).toBe(200);
  });

  test("a refused original stays refused if an SVG has the same validator", async () => {
    const same = (stat: SourceStat) => ({ ...stat, validator: '"same"' });
    await open({
      originals: "off",
      wrap: (folder) => ({
        stat: async (...asked) => same(await folder.stat(...asked)),
        open: async (...asked) => ({ ...(await folder.open(...asked)), validator: '"same"' }),
      }),
    });
    expect((await world.get("/?img=logo.svg", { method: "HEAD" })).status).toBe(200);
    expect((await world.get("/?img=worms.jpg", { method: "HEAD" })).status).toBe(403);
    expect((await world.get("/?img=logo.svg", { method: "HEAD" })).status).toBe(200);
  });

  test("an original that is SVG is served in a sandbox, also with q and w", async () => {
    for (const target of ["/?img=logo.svg", "/?img=logo.svg&q=75&w=800"]) {
      const response = await world.get(target, avif);
      expect(response.headers.get("content-type")).toBe("image/svg+xml");
      expect(response.headers.get("content-security-policy")).toBe(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox",
      );
      expect(response.headers.get("vary")).toBeNull();
      expect(await response.text()).toBe("<svg xmlns='http://www.w3.org/2000/svg'/>");
    }
    await world.service.background.idle();
    expect(await world.stored()).toHaveLength(0);
  });

  test("an original that is not an image is refused with a remedy, for every kind of request", async () => {
    await writeFile(join(world.folder, "page.jpg"), "<!doctype html><script>alert(1)</script>");
    for (const target of ["/?img=page.jpg", "/?img=page.jpg&q=33", "/?img=page.jpg&fm=json"]) {
      const response = await world.get(target);
      expect(response.status).toBe(415);
      expect(await response.text()).toMatch(/HTML page/);
    }
  });
});

describe("fm=json", () => {
  test("fm=json describes a photograph, the second time from the source entry", async () => {
    const first = await world.get("/?img=worms.jpg&fm=json");
    expect(await first.json()).toEqual({
      key: "worms.jpg",
      width: 64,
      height: 48,
      type: "image/jpeg",
      bytes: (await readFile(join(world.folder, "worms.jpg"))).byteLength,
      version: await versionNow(),
      frames: 1,
      alpha: false,
      focus: "50,50",
    });
    await world.service.background.idle();
    const again = await world.get("/?img=worms.jpg&fm=json");
    expect(again.headers.get("cache-status")).toBe("imgproxy-lite; hit");
    expect(world.asked.filter((call) => call === "open worms.jpg").length).toBe(1);
  });
});

describe("fm=json with metadata", () => {
  const stored = () =>
    photo(64, 48)
      .withExif({
        IFD0: { Artist: "Ann", Model: "Camera 5000" },
        IFD3: {
          GPSLatitudeRef: "N",
          GPSLatitude: "51/1 27/1 25/1",
          GPSLongitudeRef: "E",
          GPSLongitude: "7/1 0/1 44/1",
        },
      })
      .jpeg()
      .toBuffer();
  const ask = async (): Promise<unknown> => {
    const { meta } = Object(await (await world.get("/?img=worms.jpg&fm=json")).json());
    await world.service.background.idle();
    return meta;
  };

  test("fm=json has only the metadata that META names, and the location only if it is named with a precision", async () => {
    for (const [meta, told] of [
      [[], undefined],
      [["creator", "title"], { creator: "Ann" }],
      [publishedFields, { creator: "Ann", camera: "Camera 5000", location: { latitude: 51, longitude: 7 } }],
      [["location:1km"], { location: { latitude: 51.46, longitude: 7.01 } }],
      [["camera"], { camera: "Camera 5000" }],
    ] as const) {
      await open({ meta });
      await writeFile(join(world.folder, "worms.jpg"), await stored());
      expect(await ask()).toEqual(told);
      const again = await ask();
      expect(again).toEqual(told);
      expect(world.asked.filter((call) => call === "open worms.jpg").length).toBe(1);
    }
  });
});

describe("a refusal", () => {
  test.each([
    ["/?img=worms.jpg&q=abc", 400, "public, max-age=300"],
    ["/?img=worms.jpg&q=0", 400, "public, max-age=300"],
    ["/?img=worms.jpg&q=1&q=2", 400, "public, max-age=300"],
    ["/?q=33", 400, "public, max-age=300"],
    ["/?img=../worms.jpg&q=33", 400, "public, max-age=300"],
    ["/?img=absent.jpg&q=33", 404, "public, max-age=30"],
    ["/?img=absent.jpg", 404, "public, max-age=30"],
    ["/", 404, "public, max-age=300"],
    ["/elsewhere?img=worms.jpg", 404, "public, max-age=300"],
    ["//?img=worms.jpg", 404, "public, max-age=300"],
    ["/api/probe", 404, "no-store"],
  ])(
    "a refusal because of %s is %i, with explicit caching and a remedy",
    async (target, status, cacheControl) => {
      await open({ policy: remotePolicy });
      const response = await world.get(target);
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(response.headers.get("cache-control")).toBe(cacheControl);
      expect(response.headers.get("etag")).toBeNull();
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
      expect(response.headers.get("cross-origin-resource-policy")).toBe(
        target.startsWith("/api/") ? "same-origin" : "cross-origin",
      );
      expect(await response.json()).toMatchObject({
        status,
        code: expect.any(String),
        remedy: expect.any(String),
        requestId: response.headers.get("x-request-id"),
      });
    },
  );

  test("a refused method gets the list of allowed ones, and so does OPTIONS", async () => {
    const response = await world.get("/?img=worms.jpg&q=33", { method: "POST", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    const options = await world.get("/?img=worms.jpg&q=33", { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  });

  test("the refusal of an absent photograph is remembered for the next readers", async () => {
    await open({ policy: remotePolicy });
    for (let n = 0; n < 100; n += 1) expect((await world.get("/?img=absent.jpg&q=33")).status).toBe(404);
    expect(world.asked).toEqual(["open absent.jpg"]);
  });

  test("a refusal shows no internal details, whatever fails", async () => {
    world.fault = () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.7:7480 bucket-of-secrets"));
    const response = await world.get("/?img=worms.jpg&q=33");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/ECONNREFUSED|10\.0\.0\.7|bucket|worms/);
    expect(String(world.lines.at(-1)?.error)).toMatch(/ECONNREFUSED/);
  });

  test("a client over its budget still gets cached and published variants", async () => {
    await open({ coldBudget: 3 });
    await put(world.published, "blog", "one", { images: { "worms.jpg": ["img=worms.jpg&q=33&w=6"] } });
    const statuses = [];
    for (let w = 1; w <= 5; w += 1) statuses.push((await world.get(`/?img=worms.jpg&q=33&w=${w}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const refused = await world.get("/?img=worms.jpg&q=33&w=5");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await world.get("/?img=worms.jpg&q=33&w=1")).status).toBe(200);
    expect((await world.get("/?img=worms.jpg&q=33&w=6")).status).toBe(200);
  });
});

describe("fm=json for a photograph that nobody has asked for", () => {
  test("fm=json of an unknown photograph is charged to the client if the original must be read", async () => {
    await open({ coldBudget: 1, policy: remotePolicy });
    expect((await world.get("/?img=worms.jpg&fm=json")).status).toBe(200);
    await world.service.background.idle();
    expect((await world.get("/?img=logo.svg&fm=json")).status).toBe(429);
    expect((await world.get("/?img=worms.jpg&fm=json")).status).toBe(200);
  });
});

describe("one photograph", () => {
  test("one photograph uses only its share of the disk, in addition to published variants; new variants replace old ones", async () => {
    await open({ maxVariants: 3 });
    await put(world.published, "blog", "one", { images: { "worms.jpg": ["img=worms.jpg&q=33&w=9"] } });
    for (const w of [1, 2, 3, 4, 5, 9]) {
      expect((await world.get(`/?img=worms.jpg&q=33&w=${w}`)).status).toBe(200);
      await world.service.background.idle();
    }
    expect((await world.stored()).map((name) => Number(name.split(".")[1]))).toEqual([3, 4, 5, 9]);
    await world.service.background.idle();
  });
});

describe("VARIANTS", () => {
  test("VARIANTS=signed accepts only URLs signed with a valid key, before it asks the source", async () => {
    await open({ variants: "signed", signingKeys: ["new key", "old key"] });
    const asked = { key: "worms.jpg", quality: 33 };
    for (const [key, status] of [
      ["new key", 200],
      ["old key", 200],
      ["other key", 403],
    ] as const)
      expect((await world.get(`/?img=worms.jpg&q=33&s=${sign(asked, key)}`)).status).toBe(status);
    expect((await world.get(`/?img=worms.jpg&q=34&s=${sign(asked, "new key")}`)).status).toBe(403);
    expect((await world.get("/?img=worms.jpg&q=33")).status).toBe(403);
    expect(world.asked.filter((call) => call.startsWith("open")).length).toBe(1);
  });

  test("VARIANTS=listed accepts only variants in published sets, and all of them while there is no set", async () => {
    await open({ variants: "listed" });
    expect((await world.get("/?img=worms.jpg&q=34")).status).toBe(200);
    await put(world.published, "blog", "one", { images: { "worms.jpg": ["img=worms.jpg&q=33"] } });
    expect((await world.get("/?img=worms.jpg&q=33")).status).toBe(200);
    expect((await world.get("/?img=worms.jpg&q=34")).status).toBe(404);
    expect((await world.get("/?img=worms.jpg")).status).toBe(404);
  });
});

describe("a base path", () => {
  test("with a base path the images are there, and nowhere else", async () => {
    await open({ basePath: "/img/" });
    expect((await world.get("/img/?img=worms.jpg&q=33")).status).toBe(200);
    const elsewhere = await world.get("/?img=worms.jpg&q=33");
    expect(elsewhere.status).toBe(404);
    expect(await elsewhere.json()).toMatchObject({
      detail: "This server's images are at /img/?img=<source key>.",
    });
  });
});
