import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { sign } from "../../../contract/url/signature.ts";
import { photo } from "../../test/support/pictures.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";

let world: World;
afterEach(() => world.close());

async function open(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  await writeFile(join(world.folder, "worms.jpg"), await photo(16, 12).jpeg().toBuffer());
}

const token = "the-token-of-the-test";

/** Sends the target unchanged: fetch would resolve dots. @returns the status and the code of the problem. */
function ask(path: string, method = "GET"): Promise<readonly [number | undefined, string | undefined]> {
  const { port } = world.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const isProblem = response.headers["content-type"] === "application/problem+json";
        const code =
          isProblem && method !== "HEAD" ? JSON.parse(Buffer.concat(chunks).toString()).code : undefined;
        resolve([response.statusCode, code]);
      });
    })
      .on("error", reject)
      .end();
  });
}

describe.each(["/", "/img/"])("below %s", (basePath) => {
  test("the API is at its own path and in no other spelling of it", async () => {
    await open({ basePath, tokens: [token] });
    const base = basePath.slice(0, -1);
    expect(await ask(`${base}/api/published/blog`)).toEqual([200, undefined]);
    for (const path of [
      `${base}/x/../api/published/blog`,
      `${base}/./api/published/blog`,
      `/${base}/api/published/blog`,
      `${base}//api/published/blog`,
      `${base}/api//published/blog`,
      `${base}/api/published/blog/`,
      `${base}/%61pi/published/blog`,
      `${base}/api%2Fpublished/blog`,
      `${base}/api/%70ublished/blog`,
      `${base}/API/published/blog`,
      `${base}/api\\published/blog`,
      `${base}/api`,
      `${base}/api/`,
      `${base}/api/nothing`,
      `${base}/api/published`,
      `${base}/api/published/a/b/c`,
    ])
      expect([path, await ask(path)]).toEqual([path, [404, "no-route"]]);
  });

  test("a wrong method is 405, on images and on each call of the API", async () => {
    await open({ basePath, tokens: [token], studio: "on" });
    for (const [path, method, allow = "GET, HEAD, OPTIONS"] of [
      ["?img=worms.jpg&q=33", "POST"],
      ["?img=worms.jpg", "DELETE"],
      ["", "PUT"],
      ["favicon.ico", "POST"],
      ["api/probe", "GET", "POST"],
      ["api/missing", "PUT", "POST"],
      ["api/warm", "DELETE", "POST"],
      ["api/preview", "GET", "POST"],
      ["api/weights", "HEAD", "POST"],
      ["api/status", "POST", "GET"],
      ["api/version", "POST", "GET"],
      ["api/published/blog", "POST", "GET"],
      ["api/published/blog/one", "POST", "GET, PUT, DELETE"],
      ["api/purge?img=worms.jpg", "GET", "DELETE"],
      ["_studio", "POST", "GET, HEAD"],
      ["_studio/", "OPTIONS", "GET, HEAD"],
      ["_studio/studio.js", "DELETE", "GET, HEAD"],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await world.get(basePath + path, { method, headers });
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, allow]);
    }
  });

  test("nothing of the API and of the Studio is kept by a cache or put into a frame, also not what is absent", async () => {
    await open({ basePath, tokens: [token], studio: "on" });
    for (const path of [
      "api/nothing",
      "api/version",
      "api/purge?img=a.jpg",
      "_studio",
      "_studio/",
      "_studio/nothing",
      "_studio/..%2fapi",
    ]) {
      const { headers } = await world.get(basePath + path, { redirect: "manual" });
      expect([path, headers.get("cache-control")]).toEqual([path, "no-store"]);
      expect([path, headers.get("content-security-policy")]).toEqual([
        path,
        expect.stringContaining("default-src 'none'"),
      ]);
      expect([path, headers.get("access-control-allow-origin")]).toEqual([path, null]);
    }
  });

  test("a signature covers the query as it was sent", async () => {
    await open({ basePath, variants: "signed", signingKeys: ["key"] });
    const signed = `img=worms.jpg&q=33&s=${sign({ key: "worms.jpg", quality: 33 }, "key")}`;
    expect(await ask(`${basePath}?${signed}`)).toEqual([200, undefined]);
    expect(await ask(`http://other.example${basePath}?${signed}`)).toEqual([200, undefined]);
    expect(await ask(`${basePath}?${signed}#x`)).toEqual([403, "bad-signature"]);
    expect(await ask(`${basePath}x/..?${signed}`)).toEqual([404, "no-route"]);
    if (basePath !== "/") expect(await ask(`/?${signed}`)).toEqual([404, "no-route"]);
  });

  test("a malformed path is not found, and the server continues", async () => {
    await open({ basePath, tokens: [token] });
    for (const path of ["%", "%E9", "a/".repeat(2_000)])
      expect([path, await ask(basePath + path)]).toEqual([path, [404, "no-route"]]);
    expect(await ask(`${basePath}api/published/%`)).toEqual([400, "invalid-body"]);
    expect(await ask(`${basePath}?img=worms.jpg&q=33`)).toEqual([200, undefined]);
  });
});

test("two Host headers are refused for every path, and no cache stores the refusal", async () => {
  await open({ tokens: [token] });
  const { port } = world.server.address() as AddressInfo;
  const say = (target: string, ...hosts: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      let said = "";
      const lines = [`GET ${target} HTTP/1.1`, ...hosts, "Connection: close", "", ""];
      const socket = connect(port, "127.0.0.1", () => socket.write(lines.join("\r\n")));
      socket.on("data", (chunk) => (said += chunk)).on("error", reject);
      socket.on("close", () => resolve(said));
    });
  for (const target of ["/?img=worms.jpg&q=33", "/?img=worms.jpg", "/api/published/blog", "/nothing"])
    for (const hosts of [
      ["Host: a.example", "Host: b.example"],
      ["Host: a.example", "hOsT: a.example"],
    ]) {
      const said = await say(target, ...hosts);
      expect(said).toMatch(/^HTTP\/1\.1 400 /);
      expect(said).toMatch(/^cache-control: no-store\r$/m);
      expect(said).toContain('"code":"bad-host"');
    }
  expect(await say("/?img=worms.jpg&q=33", "Host: a.example")).toMatch(/^HTTP\/1\.1 200 /);
});

test("a URL that was escaped twice for HTML is refused with a message that shows it, and never gets the original", async () => {
  await open({});
  const response = await world.get("/?img=worms.jpg&amp;q=40");
  expect(response.status).toBe(400);
  const { detail } = (await response.json()) as { readonly detail: string };
  expect(detail).toBe('the URL has "&amp;q=40", escaped for HTML twice; it takes "&q=…"');
});

test("the log line of each request has key and variant, also of failures, and that of the API its call", async () => {
  await open({ tokens: [token], originals: "off" });
  await writeFile(join(world.folder, "text.jpg"), "no image");
  const line = async (path: string, method = "GET") => {
    const before = world.lines.length;
    await ask(path, method);
    await expect.poll(() => world.lines.length).toBe(before + 1);
    const { status, key, variant, call } = world.lines.at(-1) ?? {};
    return [status, key, variant, call].map((one) => one ?? "-").join(" ");
  };
  for (const [path, expected] of [
    ["/?img=worms.jpg&fm=jpg&q=33", "200 worms.jpg full q33 jpg -"],
    ["/?img=worms.jpg&fm=jpg&q=33", "200 worms.jpg full q33 jpg -"],
    ["/?img=worms.jpg&fm=json", "200 worms.jpg json -"],
    ["/?img=worms.jpg", "403 worms.jpg original -"],
    ["/?img=nothing.jpg&w=20", "404 nothing.jpg 20 q75 auto -"],
    ["/?img=text.jpg&q=33", "415 text.jpg full q33 auto -"],
    ["/?img=text.jpg&fm=json", "415 text.jpg json -"],
    // Not parsed.
    ["/?img=worms.jpg&q=x", "400 - - -"],
    ["/api/published/blog", "200 - - published"],
    ["/api/probe", "405 - - probe"],
    ["/api/no%20such/call", "404 - - -"],
  ] as const)
    expect([path, await line(path)]).toEqual([path, expected]);
  expect(await line("/api/purge?img=worms.jpg", "DELETE")).toBe("200 worms.jpg - purge");
});
