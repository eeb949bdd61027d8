import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, expect, test } from "vitest";
import type { StatusAnswer } from "../../../contract/studio.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";

const token = "the-token-of-the-studio";
let world: World;
afterEach(() => world.close());

async function open(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  await mkdir(join(world.folder, "trips"));
  await writeFile(join(world.folder, "trips/worms.jpg"), await photo(120, 80).jpeg().toBuffer());
}

function post(call: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return world.get(`/api/${call}`, { method: "POST", body: JSON.stringify(body), ...init });
}

const wanted = { img: "trips/worms.jpg", variant: { q: 50, w: 60, fm: "webp" } };

test.each([
  ["open, for a client without any budget", { variants: "open", coldBudget: 0 }],
  ["listed", { variants: "listed" }],
  ["signed", { variants: "signed", signingKeys: ["a-key-of-this-test"] }],
] as const)(
  "a preview is made with VARIANTS=%s, and nothing of it is stored or counted",
  async (_, options) => {
    await open({ dev: true, ...options, maxVariants: 0 });
    await world.published.put("blog", "1", only("other.jpg"));
    const made = await post("preview", wanted);
    expect([made.status, made.headers.get("content-type"), made.headers.get("cache-control")]).toEqual([
      200,
      "image/webp",
      "no-store",
    ]);
    const { width, format } = await sharp(await made.arrayBuffer()).metadata();
    expect([width, format]).toEqual([60, "webp"]);
    expect((await post("score", wanted)).status).toBe(200);
    expect(await (await post("describe", { img: wanted.img })).json()).toMatchObject({
      width: 120,
      height: 80,
    });
    await world.service.background.stop();
    expect(await readdir(join(world.volume, "v1")).catch(() => [])).toEqual([]);
    // The same URL is new to a reader.
    expect(world.service.hot.bytes).toBe(0);
  },
);

async function* only(key: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(JSON.stringify({ images: { [key]: [`img=${key}&q=50`] } }));
}

test("several previews and scores of a photograph read it once, until it is replaced", async () => {
  await open({ dev: true });
  for (const q of [30, 40, 50]) await post("preview", { ...wanted, variant: { q, fm: "jpg" } });
  await post("score", { ...wanted, variant: { q: 50, fm: "jpg" } });
  expect(world.asked.filter((call) => call.startsWith("open"))).toHaveLength(1);
  // Three variants, and one without loss.
  expect(world.encoder.count()).toBe(4);
  await writeFile(join(world.folder, "trips/worms.jpg"), await photo(90, 80).jpeg().toBuffer());
  const made = await post("preview", { ...wanted, variant: { q: 50, fm: "jpg" } });
  expect((await sharp(await made.arrayBuffer()).metadata()).width).toBe(90);
});

test("a page that turns to another quality aborts the encode of the one before", async () => {
  await open({ dev: true });
  const begun = new Promise<AbortSignal>((resolve) => {
    world.encoder.before = (signal) => {
      resolve(signal);
      return new Promise((end) => signal.addEventListener("abort", () => end()));
    };
  });
  const leaving = new AbortController();
  const left = post("preview", wanted, { signal: leaving.signal });
  const signal = await begun;
  leaving.abort();
  await expect(left).rejects.toThrow();
  await expect.poll(() => signal.aborted).toBe(true);
  await expect.poll(() => world.lines.at(-1)).toMatchObject({ status: 499, call: "preview" });
  expect([world.lines.at(-1)?.code, world.lines.at(-1)?.error]).toEqual([undefined, undefined]);
});

test("a call whose client leaves in the middle of its body is logged as left, without an error", async () => {
  await open({ dev: true });
  const address = world.server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  const leaving = connect(address.port, "127.0.0.1");
  const begun = new Promise((resolve) => world.server.once("request", resolve));
  leaving.write(
    `POST /api/preview HTTP/1.1\r\nhost: 127.0.0.1:${address.port}\r\ncontent-length: 90\r\n\r\n{"img":`,
  );
  await begun;
  leaving.destroy();
  await expect.poll(() => world.lines.at(-1)).toMatchObject({ status: 499, call: "preview" });
  expect([world.lines.at(-1)?.code, world.lines.at(-1)?.error]).toEqual([undefined, undefined]);
});

test.each([
  ["preview", wanted],
  ["score", wanted],
  ["describe", { img: wanted.img }],
  ["used", { folder: "" }],
] as const)(
  "/api/%s takes the token in production, and in development only this machine needs none",
  async (call, body) => {
    await open({});
    expect((await post(call, body)).status).toBe(404);
    await world.close();
    await open({ tokens: [token] });
    expect((await post(call, body)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}` };
    expect((await post(call, body, { headers })).status).toBe(200);
    await world.close();
    await open({ dev: true });
    expect((await post(call, body)).status).toBe(200);
    const foreign = await post(call, body, { headers: { "x-forwarded-for": "203.0.113.7" } });
    expect(foreign.status).toBe(403);
    expect((await world.get(`/api/${call}`)).status).toBe(405);
  },
);

test("the server's page has the minutes, slow images, failures with their remedies, and what was warmed", async () => {
  await open({ dev: true, studio: "on", tokens: [token] });
  await world.get("/?img=trips/worms.jpg&q=50&w=60&fm=webp");
  await world.get("/?img=trips/worms.jpg&q=50&w=60&fm=webp");
  for (const _ of [1, 2]) await world.get("/?img=trips/wroms.jpg&q=50");
  const headers = { authorization: `Bearer ${token}` };
  await (await post("warm", { img: wanted.img, variants: [{ q: 40, w: 30 }] }, { headers })).text();
  const answer: StatusAnswer = JSON.parse(await (await world.get("/api/status")).text());
  expect(answer).toMatchObject({
    slowest: [{ key: "trips/worms.jpg", variant: "60 q50 webp" }],
    errors: [{ code: "source-absent", key: "trips/wroms.jpg", count: 2, remedy: /Check the key/ }].map(
      (error) => ({
        ...error,
        remedy: expect.stringMatching(error.remedy),
      }),
    ),
    sets: [],
    warmed: [{ key: "trips/worms.jpg" }],
    queue: { live: { running: 0, waiting: 0 } },
    cache: { maxBytes: 2 ** 30 },
  });
  const sum = (name: "hit" | "miss" | "failed") =>
    answer.minutes.reduce((sum, minute) => sum + minute[name], 0);
  expect([sum("hit"), sum("miss"), sum("failed")]).toEqual([1, 1, 2]);
  await world.service.background.stop();
  expect(await (await post("cached", { img: wanted.img })).json()).toEqual({
    variants: [
      { width: 30, quality: 40, class: "auto", isPublished: false },
      { width: 60, quality: 50, class: "webp", isPublished: false },
    ],
  });
  expect(await (await post("cached", { img: "other.jpg" })).json()).toEqual({ variants: [] });
});

test("a server without the Studio keeps no record of its requests for it", async () => {
  await open({ tokens: [token] });
  const headers = { authorization: `Bearer ${token}` };
  expect((await world.get("/api/status", { headers })).status).toBe(404);
  expect((await world.get("/api/status")).status).toBe(401);
});

test("what cannot be previewed is refused with its reason", async () => {
  await open({ dev: true });
  await writeFile(join(world.folder, "notes.txt"), "notes");
  const refused = await post("preview", { img: "notes.txt", variant: { q: 50 } });
  expect(await refused.json()).toMatchObject({ status: 415, remedy: expect.stringContaining("JPEG") });
  expect((await post("preview", { img: "absent.jpg", variant: { q: 50 } })).status).toBe(404);
  expect(await (await post("preview", { img: "a.jpg", variant: { q: 500 } })).json()).toMatchObject({
    status: 400,
    detail: "variant.q takes a whole number from 1 to 100",
  });
});
