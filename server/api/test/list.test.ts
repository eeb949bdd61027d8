import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";
import { isLocal } from "../authorize.ts";

const token = "the-token-12345";
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions): Promise<World> {
  await world?.close();
  world = await createWorld(options);
  await mkdir(join(world.folder, "trips"));
  for (const key of ["trips/b.jpg", "trips/a.jpg", "c.jpg"])
    await writeFile(join(world.folder, key), "photo");
  return world;
}

/** Sends headers that fetch does not allow to be chosen. */
async function post(
  headers: Record<string, string>,
  path = "/api/list",
  body: unknown = { folder: "trips/" },
) {
  if (world === undefined) throw new Error("open a server first");
  const { port } = world.server.address() as AddressInfo;
  const call = request({ port, path, method: "POST", headers: { host: `localhost:${port}`, ...headers } });
  call.end(JSON.stringify(body));
  const [answer] = await once(call, "response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(text) };
}

test("with the token, a listing has keys, lengths and times, a page at a time", async () => {
  await open({ tokens: [token] });
  const authorization = `Bearer ${token}`;
  const first = await post({ authorization }, "/api/list", { folder: "trips/", most: 1 });
  expect(first.body).toEqual({
    objects: [{ key: "trips/a.jpg", bytes: 5, modified: expect.stringMatching(/^\d{4}-.*Z$/) }],
    folders: [],
    next: "trips/a.jpg",
  });
  const { next: after } = first.body;
  const second = await post({ authorization }, "/api/list", { folder: "trips/", most: 1, after });
  expect(second.body.objects).toMatchObject([{ key: "trips/b.jpg" }]);
  expect(second.body).not.toHaveProperty("next");
  expect((await post({ authorization }, "/api/list", { folder: "" })).body.folders).toEqual(["trips/"]);
});

test("a folder without its slash, or one that leads out, is refused with its place", async () => {
  await open({ tokens: [token] });
  for (const folder of ["trips", "../", "/", "a\\b/", 5]) {
    const { status, body } = await post({ authorization: `Bearer ${token}` }, "/api/list", { folder });
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^folder /)]);
  }
});

test("without a token, a server in production lists nothing, and one in development lists for this machine", async () => {
  await open({ tokens: [token] });
  expect((await post({})).status).toBe(401);
  await open({});
  expect((await post({})).status).toBe(404);
  const { server } = await open({ dev: true });
  expect((await post({})).body.objects).toHaveLength(2);
  const { port } = server.address() as AddressInfo;
  for (const host of ["localhost", "127.0.0.1", `[::1]:${port}`])
    expect((await post({ host })).status).toBe(200);
  for (const origin of ["http://localhost:1313", "http://127.0.0.1:1313", "https://[::1]"])
    expect((await post({ origin })).status).toBe(200);
});

test.each([
  ["a page of another site, by its Origin", { origin: "https://evil.example" }],
  ["a page without an origin of its own", { origin: "null" }],
  ["a page whose name begins like this machine's", { origin: "http://localhost.evil.example" }],
  ["a page whose name ends like this machine's", { origin: "http://evil-localhost" }],
  ["a name that was made to lead here (DNS rebinding)", { host: "rebound.example:5000" }],
  ["a name that begins like this machine's", { host: "127.0.0.1.evil.example" }],
  ["a reader of a proxy on this machine", { "x-forwarded-for": "203.0.113.7" }],
  ["a reader of a proxy that names itself", { via: "1.1 caddy" }],
  ["a reader of a proxy with the standard header", { forwarded: "for=203.0.113.7" }],
])("in development, %s may not list", async (_who, headers) => {
  await open({ dev: true });
  const { status, body } = await post(headers);
  expect([status, body.code]).toEqual([403, "not-local"]);
});

test("in development, a wrong token is refused, and all other calls need one", async () => {
  await open({ dev: true });
  expect((await post({ authorization: "Bearer wrong" })).status).toBe(401);
  expect((await post({}, "/api/probe", { images: [] })).status).toBe(404);
  await open({ dev: true, tokens: [token] });
  expect((await post({ authorization: "Bearer wrong" })).status).toBe(401);
  expect((await post({}, "/api/probe", { images: [] })).status).toBe(401);
  expect((await post({})).status).toBe(200);
});

test("only an address of the loopback network is this machine", () => {
  const from = (remoteAddress: string | undefined) =>
    isLocal({ socket: { remoteAddress }, headers: { host: "localhost" }, rawHeaders: ["Host", "localhost"] });
  expect(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map(from)).toEqual([true, true, true, true]);
  expect(["192.168.1.5", "10.0.0.1", "::ffff:192.168.1.5", "fe80::1", "", undefined].map(from)).toEqual(
    Array(6).fill(false),
  );
});

test("no answer of the API may be read by another site's page, and images may", async () => {
  const { get } = await open({ dev: true, tokens: [token] });
  for (const headers of [{}, { authorization: `Bearer ${token}` }, { origin: "https://evil.example" }])
    for (const path of ["/api/list", "/api/probe", "/api/nothing"]) {
      const answer = await post(headers, path);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
      expect(answer.headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  const image = await get("/?img=absent.jpg");
  expect(image.headers.get("access-control-allow-origin")).toBe("*");
});
