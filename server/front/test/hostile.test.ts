import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDiskCache } from "../../cache/disk.ts";
import { Problem, type ProblemCode, problems } from "../../errors.ts";
import { sniff } from "../../formats/sniff.ts";
import { remotePolicy } from "../../http/freshness.ts";
import { createHttpSource } from "../../source/remote/http.ts";
import { report, sized } from "../../test/chaos/chaos.ts";
import { animation, photo } from "../../test/support/pictures.ts";
import { createWorld, type World } from "../../test/support/world.ts";

/** A bucket that has every key, and remembers the raw paths of its requests. */
async function startBucket() {
  const paths: string[] = [];
  const jpeg = await photo(32, 24).jpeg().toBuffer();
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' });
    response.end(request.method === "HEAD" ? undefined : jpeg);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { server, paths, base: new URL(`http://127.0.0.1:${port}/bucket/photos/`) };
}

const close = async (server: Server): Promise<void> => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};

describe("no key leaves the bucket", () => {
  let bucket: Awaited<ReturnType<typeof startBucket>>;
  let world: World;
  beforeAll(async () => {
    bucket = await startBucket();
    world = await createWorld({
      policy: remotePolicy,
      wrap: () => createHttpSource(bucket.base),
      coldBudget: 1e9,
    });
  });
  afterAll(async () => {
    await world.close();
    await close(bucket.server);
  });

  /** How the bucket's own web server would read each path, with dot segments resolved as in RFC 3986. */
  const outside = (): string[] =>
    bucket.paths.filter((path) => !new URL(path, "http://b").pathname.startsWith("/bucket/photos/"));

  const targets = [
    "../secret",
    "../../etc/passwd",
    "a/../../secret",
    "./../secret",
    "/etc/passwd",
    "//evil.example/x",
    "a/../..",
    "..",
    "../photos-private/x",
    "x/./../../y",
    "....//....//x",
    "..;/secret",
  ];
  const encoders: ((text: string) => string)[] = [
    (text) => text,
    encodeURIComponent,
    (text) => encodeURIComponent(encodeURIComponent(text)),
    (text) => text.replaceAll(".", "%2e"),
    (text) => text.replaceAll(".", "%2E"),
    (text) => text.replaceAll(".", "%252e"),
    (text) => text.replaceAll("/", "%2f"),
    (text) => text.replaceAll("/", "%2F"),
    (text) => text.replaceAll("/", "%252f"),
    (text) => text.replaceAll("/", "\\"),
    (text) => text.replaceAll("/", "%5c"),
    (text) => text.replaceAll("/", "%255c"),
    (text) => text.replaceAll("/", "%c0%af"),
    (text) => text.replaceAll(".", "%c0%ae"),
    (text) => text.replaceAll("/", "%e0%80%af"),
    (text) => text.replaceAll(".", "%u002e"),
    (text) => text.replaceAll("/", "%u2215"),
    (text) => text.replaceAll("/", "\u2215"),
    (text) => text.replaceAll(".", "\uff0e"),
    (text) => text.replaceAll("/", "//"),
    (text) => text.replaceAll("/", "/./"),
    (text) => text.replaceAll("..", "..%00"),
    (text) => `${text}%00.jpg`,
    (text) => `${text}%0d%0aHost:%20evil`,
    (text) => `${text}%0a`,
    (text) => `${text}%20`,
    (text) => `${text}?x`,
    (text) => `${text}%3fx`,
    (text) => `${text}%23x`,
    (text) => `${text};x=y`,
    (text) => `photos/${text}`,
    (text) => `./${text}`,
    (text) => `%2f${text}`,
    (text) => `\t${text}`,
    (text) => `%09${text}`,
    (text) => `file://${text}`,
    (text) => `http://127.0.0.1/${text}`,
    (text) => `http%3a%2f%2f169.254.169.254%2f${text}`,
    (text) => `//${text}`,
    (text) => `@evil.example/${text}`,
    (text) => `${"a/".repeat(600)}${text}`,
    (text) => `%ff${text}`,
  ];

  test("no key leaves the bucket: 12 paths in 42 encodings", async () => {
    expect(targets.length * encoders.length).toBe(504);
    for (const target of targets)
      for (const encode of encoders) {
        const { status } = await world.get(`/?img=${encode(target)}&q=33&w=8`);
        expect([200, 400, 404]).toContain(status);
      }
    expect(outside()).toEqual([]);
    report(
      "S1",
      "12 paths out of the bucket in 42 encodings",
      `0 of ${bucket.paths.length} requests outside`,
    );
  });

  test("no key leaves the bucket: keys composed of parts of paths", async () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      "%2e",
      "%2f",
      "%",
      "?",
      "#",
      "a",
      "\0",
      "\u202e",
      "é",
      "//",
      ":",
      "@",
    );
    const source = createHttpSource(bucket.base);
    const { keyProblem } = await import("../../../contract/url/key.ts");
    let asked = 0;
    const numRuns = sized(10_000, 1_000);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
        const key = pieces.join("");
        if (keyProblem(key) !== undefined) return;
        asked += 1;
        await source.stat(key, new AbortController().signal);
      }),
      { numRuns },
    );
    expect(asked).toBeGreaterThan(numRuns / 10);
    expect(outside()).toEqual([]);
    report("S1", `${numRuns} random keys, ${asked} of them keys by the grammar`, "0 requests outside");
  });

  test("no key names a file of the cache", async () => {
    const folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
    const cache = await createDiskCache({ folder: join(folder, "cache") });
    const meta = {
      validator: "x",
      contentType: "image/jpeg",
      width: 1,
      height: 1,
      etag: '"x"',
      effort: 0,
      substitute: false,
      look: 1,
      made: 1,
    };
    for (const key of ["../x", "a/../../b", "\0", "..\\x", "/etc/x", "v1", "."])
      await cache.write({ key, quality: 1, class: "jpg" }, { meta, body: new Uint8Array(1) });
    expect(await readdir(folder)).toEqual(["cache"]);
    for (const name of await readdir(join(folder, "cache"), { recursive: true }))
      expect(name).toMatch(/^v1(\/[0-9a-f]{2}){0,2}(\/[0-9a-f]{32}\.[0-9.a-z-]+)?$/);
    await rm(folder, { recursive: true });
  });
});

describe("no URL of a reader's", () => {
  test("no URL of a reader is fetched: a source that redirects is a failure", async () => {
    let canary = 0;
    const trap = createServer((_, response) => {
      canary += 1;
      response.end();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => trap.once("listening", resolve));
    const { port } = trap.address() as AddressInfo;
    const redirecting = createServer((request, response) => {
      const status = Number(/status-(\d+)/.exec(request.url ?? "")?.[1] ?? 302);
      response.writeHead(status, { location: `http://127.0.0.1:${port}/` }).end();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => redirecting.once("listening", resolve));
    const base = new URL(`http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/`);
    const world = await createWorld({ policy: remotePolicy, wrap: () => createHttpSource(base) });
    for (const status of [301, 302, 303, 307, 308])
      expect((await world.get(`/?img=status-${status}&q=1`)).status).toBe(502);
    for (const host of [
      `127.0.0.1:${port}`,
      `[::ffff:7f00:1]:${port}`,
      `0.0.0.0:${port}`,
      `2130706433:${port}`,
      `0x7f000001:${port}`,
      `127.1:${port}`,
      `[::1]:${port}`,
      `localhost:${port}`,
      "169.254.169.254",
      "user@127.0.0.1",
    ])
      for (const scheme of ["http", "https", "HTTP", "file", "gopher", "ftp"])
        expect((await world.get(`/?img=${scheme}://${host}/x&q=1`)).status).toBe(400);
    expect(canary).toBe(0);
    report("S2", "60 URLs as keys, 5 kinds of redirect", "400 and 502, 0 connections");
    await world.close();
    await close(trap);
    await close(redirecting);
  });
});

describe("one variant", () => {
  test("one variant is one entry, whatever the headers, the order of parameters and added parameters", async () => {
    const world = await createWorld({ policy: remotePolicy });
    await writeFile(join(world.folder, "worms.jpg"), await photo(64, 48).jpeg().toBuffer());
    const names = [
      ...[
        "host",
        "x-forwarded-host",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "forwarded",
      ],
      ...[
        "x-original-url",
        "x-rewrite-url",
        "x-host",
        "x-real-ip",
        "cookie",
        "authorization",
        "origin",
        "referer",
      ],
      ...[
        "user-agent",
        "accept-language",
        "accept-encoding",
        "accept-charset",
        "cache-control",
        "pragma",
        "te",
      ],
      ...[
        "x-http-method-override",
        "x-method-override",
        "save-data",
        "dpr",
        "width",
        "viewport-width",
        "via",
      ],
      ...["x-amz-security-token", "x-wap-profile"],
    ];
    expect(names.length).toBe(30);
    const bodies = new Set<string>();
    const requests = sized(1_000, 150);
    for (let n = 0; n < requests; n += 1) {
      const spell = (name: string) =>
        Math.random() < 0.8 ? name : `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
      const parameters = ["img=worms.jpg", "q=33", "w=16", `utm_${n}=x`, "fm=auto"]
        .map(spell)
        .sort(() => Math.random() - 0.5);
      const headers = Object.fromEntries(
        names.filter(() => Math.random() < 0.3).map((name) => [name, `value-${n}.example`]),
      );
      const response = await world.get(`/?${parameters.join("&")}`, {
        headers: { ...headers, accept: "image/webp" },
      });
      expect(response.status).toBe(200);
      bodies.add(Buffer.from(await response.arrayBuffer()).toString("base64"));
    }
    await world.service.background.idle();
    expect([bodies.size, (await world.stored()).length, world.encoder.count()]).toEqual([1, 1, 1]);
    await world.close();
    report(
      "S3",
      `${requests} requests with 30 headers, any order, added parameters`,
      "1 body, 1 entry, 1 encode",
    );
  });

  test("one variant never has a type that its reader does not accept, whatever other readers requested before", async () => {
    const world = await createWorld({ policy: remotePolicy });
    await writeFile(join(world.folder, "a.jpg"), await photo(32, 24).jpeg().toBuffer());
    await writeFile(
      join(world.folder, "b.png"),
      await sharp({ create: { width: 8, height: 8, channels: 4, background: "#f008" } })
        .png()
        .toBuffer(),
    );
    await writeFile(join(world.folder, "c.webp"), await photo(32, 24).webp().toBuffer());
    await writeFile(join(world.folder, "d.gif"), await animation("gif", 2));
    const accepts: readonly (readonly [string, readonly string[]])[] = [
      ["*/*", []],
      ["", []],
      ["image/*", []],
      ["image/webp", ["image/webp"]],
      ["image/avif", ["image/avif"]],
      ["image/avif,image/webp,*/*", ["image/avif", "image/webp"]],
      ["image/avif;q=0,image/webp", ["image/webp"]],
      ["image/avif;q=0.1,image/webp;q=0.9", ["image/webp"]],
      ["image/webp;q=0", []],
      ["IMAGE/WEBP", ["image/webp"]],
      ["text/html,image/webp;q=0.5,image/jpeg;q=0.8", []],
      ["image/avif;q=nonsense", []],
    ];
    const always = ["image/jpeg", "image/png", "image/gif"];
    const keys = ["a.jpg", "b.png", "c.webp", "d.gif"];
    const requests = sized(1_000, 240);
    for (let n = 0; n < requests; n += 1) {
      const [accept = "", modern = []] = accepts[Math.floor(Math.random() * accepts.length)] ?? [];
      const key = keys[n % 4];
      const response = await world.get(`/?img=${key}&q=33&w=16`, { headers: { accept } });
      const { type } = sniff(new Uint8Array(await response.arrayBuffer()));
      expect(response.headers.get("content-type")).toBe(type);
      expect([accept, [...always, ...modern].includes(type), response.headers.get("vary")]).toEqual([
        accept,
        true,
        "Accept",
      ]);
    }
    await world.close();
    report("S3", `${requests} answers, 12 kinds of Accept × 4 originals`, "0 of a type that is not accepted");
  });
});

describe("a file of two formats", () => {
  const marker = "<script>alert(document.domain)</script>";
  const after = (file: Uint8Array) => Buffer.concat([file, Buffer.from(marker)]);

  /** HTML that a browser could show as a page, in every place where a picture can contain it. */
  async function polyglots(): Promise<Buffer[]> {
    const made = await Promise.all(
      (["jpeg", "png", "webp", "avif", "gif"] as const).map((format) =>
        photo(24, 16).toFormat(format).toBuffer(),
      ),
    );
    const described = await Promise.all(
      (["jpeg", "png", "webp", "avif"] as const).map((format) =>
        photo(24, 16)
          .withExif({ IFD0: { ImageDescription: marker, Copyright: marker } })
          .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${marker}</x:xmpmeta>`)
          .toFormat(format)
          .toBuffer(),
      ),
    );
    const [jpeg = Buffer.alloc(0)] = made;
    const text = Buffer.from(marker);
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
    const commented = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
    return [...made.map(after), ...described, ...described.map(after), commented, after(commented)];
  }

  test("a file that is an image and a page at once is served only as an image", async () => {
    const world = await createWorld({ policy: remotePolicy });
    const files = await polyglots();
    let outputs = 0;
    for (const [at, file] of files.entries()) {
      expect(file.includes(marker)).toBe(true);
      await writeFile(join(world.folder, `${at}.html`), file);
      for (const fm of ["auto", "jpg", "png", "webp", "avif"]) {
        const response = await world.get(`/?img=${at}.html&q=60&fm=${fm}`);
        const body = Buffer.from(await response.arrayBuffer());
        expect([at, fm, response.status, body.includes("alert")]).toEqual([at, fm, 200, false]);
        expect(response.headers.get("content-type")).toBe(sniff(body).type);
        outputs++;
      }
      // An original has the type of its first bytes, and browsers must not guess another one.
      const original = await world.get(`/?img=${at}.html`);
      expect(original.headers.get("content-type")).toMatch(/^image\/(jpeg|png|webp|avif|gif)$/);
      expect(original.headers.get("x-content-type-options")).toBe("nosniff");
      expect(original.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    }
    await world.close();
    report(
      "S4",
      `${files.length} images that contain an HTML page, ${outputs} outputs`,
      "0 that contain part of it",
    );
  });
});

describe("300 hostile values", () => {
  test("300 wrong values of q, w, fm and v are refused before any request", async () => {
    const world = await createWorld();
    const numbers = [
      "0",
      "-1",
      "+1",
      "1.0",
      "1e2",
      "0x10",
      "1_0",
      "%201",
      "1%20",
      "",
      "NaN",
      "Infinity",
      "１",
      "01",
      "99999999999999999999",
      "1,2",
      "[1]",
      "null",
      "true",
      "1%00",
    ];
    const words = [
      "jpeg",
      "JPG",
      "tiff",
      "svg",
      "avif%20",
      "../x",
      "auto,webp",
      "%00",
      "json/x",
      "a".repeat(5000),
    ];
    const versions = ["0", "012345678", "01234567890", "ABCDEF0123", "g123456789", "0123456789%00", "*"];
    const all = [
      ...numbers.flatMap((n) => [
        `q=${n}`,
        `w=${n}`,
        `q=33&w=${n}`,
        `q=${n}&w=8`,
        `Q=1&q=${n}`,
        `w=${n}&fm=webp`,
      ]),
      ...["q=101", "w=3841", "q=1&q=1", "w=1&w=2", "fm=webp&fm=webp", "v=0123456789&v=0123456789", "img=x"],
      ...words.flatMap((word) => [`fm=${word}`, `q=33&fm=${word}`, `fm=${word}&w=8`]),
      ...versions.flatMap((version) => [`v=${version}`, `q=33&v=${version}`, `v=${version}&fm=json`]),
      ...numbers.flatMap((n) => [
        `q=33&q=${n}`,
        `w=8&w=${n}`,
        `img=${n}`,
        `s=&q=${n}`,
        `fm=auto&q=${n}`,
        `fm=auto&w=${n}`,
      ]),
    ];
    expect(all.length).toBeGreaterThanOrEqual(298);
    for (const query of all) {
      const response = await world.get(`/?img=worms.jpg&${query}`);
      expect([query, response.status]).toEqual([query, 400]);
    }
    expect([world.asked, world.encoder.count()]).toEqual([[], 0]);
    await world.close();
    report("S8", `${all.length} values of q, w, fm and v`, "100 % 400, 0 requests to the source, 0 encodes");
  });

  test("a query of 16 KiB is answered", async () => {
    const world = await createWorld();
    expect((await world.get(`/?img=x&${"a=b&".repeat(4000)}q=0`)).status).toBe(400);
    await world.close();
  });
});

describe("an error", () => {
  test("an error of any kind contains no internal details", async () => {
    const world = await createWorld();
    let asked = 0;
    const inside =
      "http://10.1.2.3:7480/secret-bucket AKIASECRET at Object.<anonymous> (/srv/app/server/x.ts:1:1)";
    const codes = Object.keys(problems).filter((code): code is ProblemCode => code in problems);
    const failures = [
      ...codes.map((code) => new Problem(code, { cause: new Error(inside) })),
      ...[
        new Error(inside),
        new TypeError(inside),
        inside,
        undefined,
        null,
        { secret: inside },
        new AggregateError([new Error(inside)], inside),
      ],
    ];
    for (const failure of failures)
      for (const more of ["&q=33", "", "&fm=json"]) {
        world.fault = () => Promise.reject(failure);
        asked += 1;
        const response = await world.get(`/?img=${asked}.jpg${more}`);
        expect(response.status).toBeGreaterThanOrEqual(400);
        const seen = `${JSON.stringify([...response.headers])}${await response.text()}`;
        expect(seen).not.toMatch(/10\.1\.2|secret|AKIA|\.ts:|Object\.</i);
        expect(response.headers.get("cache-control")).not.toMatch(/immutable/);
        expect(response.headers.has("etag")).toBe(false);
        expect(response.headers.has("set-cookie")).toBe(false);
      }
    await world.close();
    expect(asked).toBeGreaterThan(60);
    report("S11", `${asked} errors of every kind`, "0 with internal details");
  });
});
