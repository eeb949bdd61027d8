import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { browserAccept } from "../../../contract/accept.ts";
import type { VariantSpec } from "../../../contract/api.ts";
import { pathParts } from "../../cache/name.ts";
import { Problem } from "../../errors.ts";
import { remotePolicy } from "../../http/freshness.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World } from "../../test/support/world.ts";
import { missingJson, readMissingBody } from "../missing.ts";

const MIB = 2 ** 20;

let world: World;
const tokens = ["the-new-token-123", "the-old-token-123"];
const call = (method: string, path: string, body?: unknown, token = tokens[0]): Promise<Response> =>
  world.get(`/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
const lines = async (response: Response): Promise<unknown[]> =>
  (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
/** Warms, and waits until the new variants are stored. */
const warm = async (variants: readonly VariantSpec[]): Promise<unknown[]> => {
  const answered = await lines(await call("POST", "warm", { img: "worms.jpg", variants }));
  await world.service.background.idle();
  return answered;
};
const specs: VariantSpec[] = [
  { q: 60, w: 32, accept: "avif" },
  { q: 60, w: 32, accept: "webp" },
  { q: 60, w: 32 },
  { q: 60, w: 32, fm: "png" },
];

/** A member of outside data, at any depth. */
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([key]) => key === name)?.[1]
        : undefined,
    value,
  );

beforeEach(async () => {
  world = await createWorld({ tokens, policy: remotePolicy });
  await writeFile(join(world.folder, "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
});
afterEach(() => world.close());

describe("/api", () => {
  test("the API tells the server's release", async () => {
    const answer = await call("GET", "version");
    expect([answer.status, await answer.json()]).toEqual([200, { version: "1.2.3" }]);
  });

  test("the API accepts every valid token and no other", async () => {
    for (const [token, status] of [
      [tokens[0], 200],
      [tokens[1], 200],
      ["the-new-token-12", 401],
      ["", 401],
    ] as const)
      expect((await call("POST", "probe", { images: [] }, token)).status).toBe(status);
    expect((await world.get("/api/probe", { method: "POST", body: "{}" })).status).toBe(401);
  });

  test("the API does not exist without a configured token", async () => {
    await world.close();
    world = await createWorld();
    expect((await call("POST", "probe", { images: [] })).status).toBe(404);
    expect(
      (await world.get("/api/published/blog/one", { headers: { authorization: "Bearer " } })).status,
    ).toBe(404);
  });

  test("the API says what is wrong with a body, a method or a path", async () => {
    for (const [method, path, body, status] of [
      ["POST", "probe", "{", 400],
      ["POST", "probe", { images: "x" }, 400],
      ["POST", "probe", `{"images":["${"x".repeat(2 ** 20)}"]}`, 413],
      ["GET", "probe", undefined, 405],
      ["POST", "nothing", {}, 404],
      ["POST", "warm/more", {}, 404],
      ["DELETE", "purge", undefined, 400],
      ["PUT", "published/blog/..%2f", { images: {} }, 400],
    ] as const)
      expect([path, (await call(method, path, body)).status]).toEqual([path, status]);
  });

  test("the API limits a body by the bytes that arrive, whatever its headers announce", async () => {
    const chunk = new Uint8Array(2 ** 18).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(chunk);
      },
    });
    const init = {
      method: "POST",
      body,
      duplex: "half" as const,
      headers: { authorization: `Bearer ${tokens[0]}` },
    };
    expect((await world.get("/api/probe", init)).status).toBe(413);
    // The remaining bytes are in the buffers of two sockets.
    expect(sent).toBeLessThan(64);
  });
});

describe("a probe", () => {
  test("a probe describes many photographs, reports failures one by one, and asks the source about each", async () => {
    const first = await call("POST", "probe", { images: ["worms.jpg", "absent.jpg"] });
    const before = await first.json();
    expect(at(before, "images", "worms.jpg")).toMatchObject({
      width: 64,
      height: 48,
      version: expect.any(String),
    });
    expect(at(before, "images", "absent.jpg")).toEqual({
      problem: { code: "source-absent", detail: "There is no such photograph." },
    });
    await world.service.background.idle();
    await writeFile(join(world.folder, "worms.jpg"), await photo(80, 48).jpeg().toBuffer());
    const again = await (await call("POST", "probe", { images: ["worms.jpg"] })).json();
    expect(at(again, "images", "worms.jpg", "width")).toBe(80);
    expect(at(again, "images", "worms.jpg", "version")).not.toBe(
      at(before, "images", "worms.jpg", "version"),
    );
  });
});

describe("a probe with meta", () => {
  const probe = async (meta?: readonly string[]): Promise<unknown> => {
    const answer = await (
      await call("POST", "probe", { images: ["worms.jpg"], ...(meta && { meta }) })
    ).json();
    await world.service.background.idle();
    return at(answer, "images", "worms.jpg", "meta");
  };
  const opened = () => world.asked.filter((line) => line === "open worms.jpg").length;
  beforeEach(async () => {
    const camera = photo(64, 48).withExif({
      IFD0: { Artist: "Ann", Copyright: "(C) Ann" },
      IFD3: {
        GPSLatitudeRef: "S",
        GPSLatitude: "51/1 0/1 0/1",
        GPSLongitudeRef: "E",
        GPSLongitude: "7/1 0/1 0/1",
      },
    });
    await writeFile(join(world.folder, "worms.jpg"), await camera.jpeg().toBuffer());
  });

  test("a probe returns only the metadata that it names, from one decode, and decodes again for the location", async () => {
    expect(await probe()).toBeUndefined();
    expect(await probe(["creator"])).toEqual({ creator: "Ann" });
    expect(await probe(["copyright", "title"])).toEqual({ copyright: "(C) Ann" });
    expect(opened()).toBe(1);
    const [record] = (await readdir(world.volume, { recursive: true })).filter((name) =>
      /^v1\/.*[0-9a-f]{32}/.test(name),
    );
    expect((await readFile(join(world.volume, record ?? ""))).includes("latitude")).toBe(false);
    const located = { creator: "Ann", location: { latitude: -51, longitude: 7 } };
    expect(await probe(["creator", "location"])).toEqual(located);
    expect(await probe(["location", "creator"])).toEqual(located);
    expect(await probe(["creator"])).toEqual({ creator: "Ann" });
    expect(opened()).toBe(2);
  });

  test("reads the metadata of a photograph whose record an older server has written", async () => {
    await probe();
    const record = await world.cache.readRecord("worms.jpg");
    expect(record?.meta).toEqual({ creator: "Ann", copyright: "(C) Ann" });
    const { meta, located, ...older } = record ?? { validator: "" };
    await world.cache.changeRecord("worms.jpg", () => older as NonNullable<typeof record>);
    expect(await probe()).toBeUndefined();
    expect(opened()).toBe(1);
    expect(await probe(["creator"])).toEqual({ creator: "Ann" });
    expect(opened()).toBe(2);
  });

  test("a probe with an unknown field is refused, and the answer lists the known ones", async () => {
    const response = await call("POST", "probe", { images: [], meta: ["titel"] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("meta[0] takes title, alt, description");
  });
});

describe("a warm-up", () => {
  test("a warm-up makes all variants from one fetch, in order, and then readers of every class get hits", async () => {
    const response = await call("POST", "warm", { img: "worms.jpg", variants: specs });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const made = await lines(response);
    expect(made).toEqual(
      ["image/avif", "image/webp", "image/jpeg", "image/png"].map((type, index) => ({
        variant: specs[index],
        status: "made",
        type,
        bytes: expect.any(Number),
        v: expect.stringMatching(/^[0-9a-f]{10}$/),
        ms: expect.any(Number),
      })),
    );
    expect(world.asked.filter((one) => one.startsWith("open"))).toEqual(["open worms.jpg"]);
    await world.service.background.idle();
    for (const accept of Object.values(browserAccept)) {
      const reader = await world.get("/?img=worms.jpg&q=60&w=32", { headers: { accept } });
      expect(reader.headers.get("cache-status")).toBe("imgproxy-lite; hit");
    }
  });

  test("a warm-up fills the disk and leaves the memory cache to readers", async () => {
    await warm(specs);
    expect(world.service.hot.entries).toBe(0);
    await world.get("/?img=worms.jpg&q=60&w=32");
    expect(world.service.hot.entries).toBe(1);
  });

  test("a warm-up reports existing variants, and makes them again after the photograph was replaced", async () => {
    await warm(specs);
    const statuses = async () =>
      (await warm(specs)).map(
        (line) => typeof line === "object" && line !== null && "status" in line && line.status,
      );
    expect(await statuses()).toEqual(["hit", "hit", "hit", "hit"]);
    await writeFile(join(world.folder, "worms.jpg"), await photo(80, 48).jpeg().toBuffer());
    expect(await statuses()).toEqual(["made", "made", "made", "made"]);
  });

  test("a warm-up makes the format for which a reader got a substitute", async () => {
    world.encoder.substitute = true;
    let held = 0;
    world.encoder.before = async (signal) => {
      if (world.encoder.count() === 0) return;
      held++;
      await new Promise((_, reject) => signal.addEventListener("abort", reject));
    };
    await world.get("/?img=worms.jpg&q=60&w=32", { headers: { accept: browserAccept.avif } });
    // Else the late encode, after the answer, would make it.
    await expect.poll(() => held).toBe(1);
    world.encoder.before = async () => undefined;
    const [line] = await lines(await call("POST", "warm", { img: "worms.jpg", variants: specs.slice(0, 1) }));
    expect(line).toMatchObject({ status: "made" });
  });

  test("a warm-up fails each remaining variant if the photograph is absent or damaged, or the source is down", async () => {
    await writeFile(join(world.folder, "text.jpg"), "text");
    for (const [img, code] of [
      ["absent.jpg", "source-absent"],
      ["text.jpg", "unsupported-source"],
    ]) {
      const failed = await lines(await call("POST", "warm", { img, variants: specs.slice(0, 2) }));
      expect(failed).toMatchObject([0, 1].map(() => ({ status: "failed", problem: { code } })));
    }
    world.fault = () => Promise.reject(new Problem("source-timeout"));
    const failed = await lines(await call("POST", "warm", { img: "worms.jpg", variants: specs.slice(0, 1) }));
    expect(failed).toMatchObject([{ status: "failed", problem: { code: "source-timeout" } }]);
  });

  test("POST /api/missing names missing variants before a warm-up, at the version of the page", async () => {
    const probed = await (await call("POST", "probe", { images: ["worms.jpg"] })).json();
    const v = String(at(probed, "images", "worms.jpg", "version"));
    await warm(specs.slice(0, 2));
    const missing = async (version: string) =>
      (await call("POST", "missing", { images: [{ img: "worms.jpg", v: version, variants: specs }] })).json();
    expect(await missing(v)).toEqual({ images: [{ img: "worms.jpg", v, variants: specs.slice(2) }] });
    expect(await missing("0000000000")).toEqual({
      images: [{ img: "worms.jpg", v: "0000000000", variants: specs }],
    });
    await warm(specs);
    expect(await missing(v)).toEqual({ images: [] });
  });

  test("POST /api/missing counts variants of lower effort as missing, as far as the format has an effort", async () => {
    const images = [{ img: "worms.jpg", variants: specs }];
    const missing = async (effort: number) => (await call("POST", "missing", { images, effort })).json();
    await warm(specs);
    expect(await missing(3)).toEqual({ images: [] });
    expect(await missing(9)).toEqual({ images: [{ img: "worms.jpg", variants: specs.slice(0, 1) }] });
  });

  test("a variant that was made for a reader is missing for a publish, and a warm-up replaces it", async () => {
    for (const accept of Object.values(browserAccept))
      await world.get("/?img=worms.jpg&q=60&w=32", { headers: { accept } });
    await world.get("/?img=worms.jpg&q=60&w=32&fm=png");
    await world.service.background.idle();
    const images = [{ img: "worms.jpg", variants: specs }];
    const missing = async (effort?: number) => (await call("POST", "missing", { images, effort })).json();
    // PNG has the same settings in both lanes.
    expect(await missing()).toEqual({ images: [{ img: "worms.jpg", variants: specs.slice(0, 3) }] });
    expect(await missing(0)).toEqual({ images: [] });
    const statuses = ["made", "made", "made", "hit"];
    const warmed = await warm(specs);
    expect(warmed).toEqual(
      expect.arrayContaining(statuses.map((status) => expect.objectContaining({ status }))),
    );
    expect(warmed.filter((line) => at(line, "status") === "hit")).toHaveLength(1);
    expect(await missing()).toEqual({ images: [] });
    expect(await warm(specs)).toEqual(specs.map(() => expect.objectContaining({ status: "hit" })));
  });
});

describe("missing variants", () => {
  test("the body of POST /api/missing is read image by image, and an error is named wherever it is", async () => {
    const images = Array.from({ length: 500 }, (_, at) => ({ img: `${at}.jpg`, variants: specs }));
    const missing = async (body: unknown) => {
      const answer = await call("POST", "missing", body);
      return [answer.status, at(await answer.json(), "detail")];
    };
    const all = await call("POST", "missing", { images, effort: 3 });
    expect(await all.json()).toEqual({ images });
    for (const [body, detail] of [
      [{ images: [...images, { img: "501.jpg", variants: [] }] }, "images has more than 500 items"],
      [{ images: [...images.slice(1), "x"] }, "images[499] is not an object"],
      [{ images: "x" }, "images is not a list"],
      [{}, "images is not a list"],
      [{ images, effort: 10 }, "effort takes a whole number from 0 to 9"],
      ['{"images":[', "the body is not JSON"],
      ["[]", "the body is not an object"],
    ] as const)
      expect(await missing(body)).toEqual([400, expect.stringContaining(detail)]);
    expect((await missing(`{"images":["${"x".repeat(4 * MIB)}"]}`))[0]).toBe(413);
  });

  test("the event loop runs while the largest POST /api/missing is read and answered", async () => {
    const variants = Array.from({ length: 200 }, (_, at) => ({ q: 60, w: at + 1, accept: "webp" }));
    const images = Array.from({ length: 500 }, (_, at) => ({ img: `${at}.jpg`, variants }));
    async function* body() {
      yield Buffer.from(JSON.stringify({ images }));
    }
    let turns = 0;
    let isDone = false;
    const turning = (async () => {
      for (; !isDone; turns++) await setImmediate();
    })();
    const read = await readMissingBody(body());
    // Without a slice's end there is no turn; how many there are depends on the machine.
    expect(turns).toBeGreaterThan(0);
    turns = 0;
    let text = "";
    for await (const part of missingJson(Promise.resolve(read.images))) text += part;
    expect(turns).toBeGreaterThan(0);
    isDone = true;
    await turning;
    expect(JSON.parse(text)).toEqual({ images });
  });
});

test("the log line of a failed API call has its key as soon as the key is known", async () => {
  const parts = pathParts(world.cache.nameOf({ key: "worms.jpg", quality: 60, class: "jpg" }));
  await mkdir(join(world.volume, ...parts.slice(0, 2)), { recursive: true });
  await writeFile(join(world.volume, ...parts.slice(0, 3)), "no folder");
  expect((await call("DELETE", "purge?img=worms.jpg")).status).toBe(503);
  expect((await call("DELETE", "purge?img=..%2Fworms.jpg")).status).toBe(400);
  expect(world.lines).toMatchObject([
    { call: "purge", status: 503, code: "busy", key: "worms.jpg" },
    { call: "purge", status: 400, key: undefined },
  ]);
});

describe("the keys beside one that is not there", () => {
  const beside = async (key: string) => {
    const answer = await (await call("POST", "probe", { images: [key], neighbours: true })).json();
    expect(at(answer, "images", key, "problem", "code")).toBe("source-absent");
    return at(answer, "images", key, "neighbours");
  };

  test("the siblings of a missing key are those of its folder, or all keys if the folder does not exist", async () => {
    await mkdir(join(world.folder, "trips/deep"), { recursive: true });
    for (const key of ["trips/a.jpg", "trips/b.jpg", "trips/deep/c.jpg"])
      await writeFile(join(world.folder, key), "photo");
    expect(await beside("absent.jpg")).toEqual(["worms.jpg"]);
    expect(new Set(Object(await beside("trips/x.jpg")))).toEqual(new Set(["trips/a.jpg", "trips/b.jpg"]));
    expect(new Set(Object(await beside("Trips/x.jpg")))).toEqual(
      new Set(["trips/a.jpg", "trips/b.jpg", "trips/deep/c.jpg", "worms.jpg"]),
    );
  });

  test("siblings of a missing key are never outside the source, and only sent if they were requested", async () => {
    const outside = await mkdtemp(join(tmpdir(), "outside-"));
    await writeFile(join(outside, "secret.jpg"), "photo");
    await symlink(outside, join(world.folder, "link"));
    const led = await (await call("POST", "probe", { images: ["link/x.jpg"], neighbours: true })).json();
    expect(at(led, "images", "link/x.jpg")).toEqual({
      problem: { code: "withheld-source", detail: expect.any(String), storage: "link" },
    });
    expect(await beside("absent.jpg")).toEqual(["worms.jpg"]);
    await rm(outside, { recursive: true });
    const plain = await (await call("POST", "probe", { images: ["absent.jpg"] })).json();
    expect(at(plain, "images", "absent.jpg")).toEqual({ problem: expect.anything() });
  });

  test("at most a thousand siblings of a missing key are listed", async () => {
    for (let file = 0; file < 1_100; file++) await writeFile(join(world.folder, `many-${file}.jpg`), "");
    expect(await beside("absent.jpg")).toHaveLength(1_000);
  });
});

describe("published sets and purges", () => {
  test("published sets can be put, got, listed and deleted", async () => {
    const set = { images: { "worms.jpg": ["img=worms.jpg&q=60"] } };
    expect((await call("PUT", "published/blog/one", set)).status).toBe(204);
    expect(await (await call("GET", "published/blog/one")).json()).toEqual(set);
    expect(await (await call("GET", "published/blog")).json()).toEqual({ sets: ["one"] });
    expect((await call("DELETE", "published/blog/one")).status).toBe(204);
    expect((await call("GET", "published/blog/one")).status).toBe(404);
  });

  test("a set with an error anywhere in a long body is refused with a message, after the whole body is sent, and leaves no file", async () => {
    const good = Array.from(
      { length: 3_000 },
      (_, at) => [`${at}.jpg`, [`img=${at}.jpg&q=60&w=800`]] as const,
    );
    const images = (...more: readonly (readonly [string, unknown])[]) =>
      Object.fromEntries([...good, ...more]);
    await call("PUT", "published/blog/one", { images: { "worms.jpg": ["img=worms.jpg&q=60"] } });
    for (const [body, detail] of [
      [{ images: images(["b.jpg", ["img=c.jpg"]]) }, 'images["b.jpg"][0] is a query of another key'],
      [{ images: images(["/b.jpg", []]) }, "a key of images starts with a slash"],
      [
        { images: { "a.jpg": ["img=a.jpg&q=0"], ...images() } },
        'images["a.jpg"][0]: q takes a whole number from 1 to 100',
      ],
      [{ images: images(["b.jpg", "x"]) }, 'images["b.jpg"] is not a list'],
      [
        { images: images(["b.jpg", Array(201).fill("img=b.jpg")]) },
        'images["b.jpg"] has more than 200 items',
      ],
      [{ images: images(), expires: "soon" }, "expires takes a whole number from 1 to 31536000"],
      [{ images: [] }, "images is not an object"],
      [{}, "images is not an object"],
      [[], "the body is not an object"],
      [JSON.stringify({ images: images() }).slice(0, -1), "the body is not JSON"],
      [`${JSON.stringify({ images: images() })}1`, "the body is not JSON"],
      ["", "the body is not JSON"],
    ] as const) {
      const refused = await call("PUT", "published/blog/two", body);
      expect([refused.status, await refused.json()]).toMatchObject([400, { code: "invalid-body", detail }]);
    }
    const many = Array.from({ length: 100_001 }, (_, at) => [`${at}.jpg`, []]);
    const tooMany = await call("PUT", "published/blog/two", { images: Object.fromEntries(many) });
    expect(await tooMany.json()).toMatchObject({ detail: "images has more than 100000 keys" });
    const tooLong = new Blob(['{"images":{', " ".repeat(64 * 2 ** 20), "}}"]).stream();
    const init = { method: "PUT", body: tooLong, duplex: "half" as const };
    const headers = { authorization: `Bearer ${tokens[0]}` };
    expect((await world.get("/api/published/blog/two", { ...init, headers })).status).toBe(413);
    expect(await readdir(join(world.volume, "published", "blog"))).toEqual(["one.json"]);
    expect(
      (await readdir(join(world.volume, "published"))).filter((name) => name.startsWith(".tmp")),
    ).toEqual([]);
    expect((await call("PUT", "published/blog/two", { images: images() })).status).toBe(204);
    expect(await (await call("GET", "published/blog/two")).json()).toEqual({ images: images() });
    expect(await (await call("GET", "published/blog")).json()).toEqual({ sets: ["two", "one"] });
  });

  test("a purge removes a photograph from memory and disk, and its remembered failures", async () => {
    await world.get("/?img=worms.jpg&q=60");
    await world.get("/?img=absent.jpg&q=60");
    await world.service.background.idle();
    expect(await (await call("DELETE", "purge?img=worms.jpg")).json()).toEqual({ purged: 1 });
    await call("DELETE", "purge?img=absent.jpg");
    await writeFile(join(world.folder, "absent.jpg"), await readFile(join(world.folder, "worms.jpg")));
    await rm(join(world.folder, "worms.jpg"));
    expect((await world.get("/?img=worms.jpg&q=60")).status).toBe(404);
    expect((await world.get("/?img=absent.jpg&q=60")).status).toBe(200);
  });
});
