import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createSite } from "../../hugo-module/test/hugo-site.ts";
import { photo } from "../../server/test/support/pictures.ts";
import { manifestOf } from "./blog.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { archived, type Storage, startStorage } from "./storage.ts";

let storage: Storage;
const servers = new Map<"s3" | "http", RealServer>();

beforeAll(async () => {
  storage = await startStorage(await photo(60, 40).jpeg().toBuffer());
  const env = { S3_ENDPOINT: storage.endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" };
  servers.set("s3", await startServer("s3://bucket", env));
  servers.set("http", await startServer(`${storage.endpoint}/bucket/`));
});

afterAll(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

beforeEach(() => {
  storage.refuse = () => undefined;
  storage.asked.length = 0;
});

const config = `baseURL = "https://blog.example/"
theme = "imgproxy-lite"
[params.imgproxy]
endpoint = "https://images.example/"
formats = ["jpg"]
tiers = [{width = 20, quality = 60}]
`;

function serverOf(kind: "s3" | "http"): RealServer {
  const server = servers.get(kind);
  if (server === undefined) throw new Error(`no server on ${kind}`);
  return server;
}

async function scan(folder: string, kind: "s3" | "http", withToken: boolean, ...args: string[]) {
  const { endpoint, token } = serverOf(kind);
  const env = withToken ? { TOKEN: token } : {};
  const ran = await run(["--site", folder, "--endpoint", endpoint, "--json", ...args], { env });
  return { ...ran, report: JSON.parse(ran.stdout || "null") };
}

const content = (keys: readonly string[]): string => keys.map((key) => `![](${key})\n\n`).join("");
const each = (count: number, name: (n: number) => string) => Array.from({ length: count }, (_, n) => name(n));

// Keys of their own: what one test has learned of a photograph holds for half a minute.
test.each([
  ["with a token", true],
  ["as a reader", false],
])(
  "thirty archived photographs among sixty are named with file and line, and do not affect the others: %s",
  async (name, withToken) => {
    const folder = name.replaceAll(" ", "-");
    const bad = each(30, (n) => `archived/${folder}/${n}.jpg`);
    const good = each(30, (n) => `good/${folder}/${n}.jpg`);
    storage.refuse = archived;
    await using site = await createSite({
      "config.toml": config,
      "content/a.md": content(bad.flatMap((key, n) => [key, good[n] ?? ""])),
    });
    const { code, report, stderr } = await scan(site.folder, "s3", withToken);
    expect([code, stderr]).toEqual([1, ""]);
    expect(report.findings).toEqual(
      bad.map((key, n) => ({
        severity: "error",
        file: "content/a.md",
        line: 1 + 4 * n,
        column: 1,
        message: `${key}: It is archived in DEEP_ARCHIVE: restore it in the bucket, or upload it again in a storage class that is read at once.${withToken ? " (storage: 403 InvalidObjectState)" : ""}`,
      })),
    );
    expect(report.summary).toMatchObject({ photos: 60, variants: 30, made: 30, failed: 0 });
    expect(await manifestOf(site.folder)).toMatchObject({
      images: Object.fromEntries(good.map((key) => [key, { width: 60, height: 40 }])),
    });
    // Asked for once each: what is wrong with an object is not tried again.
    for (const key of bad) expect(storage.asked.filter((line) => line === `GET ${key}`)).toHaveLength(1);
    const { images }: { images: object } = JSON.parse(JSON.stringify(await manifestOf(site.folder)));
    expect(Object.keys(images).sort()).toEqual([...good].sort());
  },
);

test.each([
  ["s3", "an object with a customer's key", { status: 400, code: "InvalidRequest" }, 422],
  ["s3", "a disabled KMS key", { status: 400, code: "KMS.DisabledException" }, 422],
  ["http", "a redirect", { status: 301, headers: { location: "http://127.0.0.1:9/" } }, 502],
  ["http", "a reason of law", { status: 451 }, 422],
  ["http", "a login", { status: 401 }, 422],
] as const)(
  "on %s, forty readers of photographs with %s do not affect the others",
  async (kind, name, refusing, status) => {
    const { endpoint } = serverOf(kind);
    const get = async (key: string) =>
      (await fetch(`${endpoint}?img=${encodeURIComponent(key)}&q=60&w=20&fm=jpg`)).status;
    // That one can be had is how the server knows that a login is one object's.
    expect(await get(`${name}/first.jpg`)).toBe(200);
    storage.refuse = (key) => (key.includes("bad") ? refusing : undefined);
    const answers = await Promise.all(each(40, (n) => `${name}/bad/${n}.jpg`).map(get));
    expect(new Set(answers)).toEqual(new Set([status]));
    for (let n = 0; n < 20; n += 1) expect(await get(`${name}/bad/0.jpg`)).toBe(status);
    expect(await get(`${name}/other.jpg`)).toBe(200);
    await using site = await createSite({
      "config.toml": config,
      "content/a.md": content(
        [`${name}/bad/x.jpg`, `${name}/good.jpg`].map((key) => key.replaceAll(" ", "%20")),
      ),
    });
    const { code, report } = await scan(site.folder, kind, false);
    expect([code, report.findings.length]).toEqual([1, 1]);
    expect(report.findings[0]).toMatchObject({ file: "content/a.md", line: 1 });
    expect(report.findings[0].message).toContain(`${name}/bad/x.jpg: `);
    expect(report.summary).toMatchObject({ made: 1, failed: 0 });
  },
);

test("a wrong key pair is reported once and at once, to the operator, and the manifest stays", async () => {
  const keys = each(30, (n) => `pair/${n}.jpg`);
  await using site = await createSite({ "config.toml": config, "content/a.md": content(keys) });
  expect((await scan(site.folder, "s3", true)).code).toBe(0);
  const before = await manifestOf(site.folder);
  storage.refuse = () => ({ status: 403, code: "InvalidAccessKeyId", message: "AKIASECRET" });
  const words = "The source is not configured correctly.";
  const known = await scan(site.folder, "s3", true);
  expect([known.code, known.report.findings]).toEqual([2, []]);
  expect(known.stderr).toBe(
    `imgproxy-lite scan: ${words} (storage: 403 InvalidAccessKeyId): pair/0.jpg, pair/1.jpg, pair/10.jpg and 27 more\n`,
  );
  expect(await manifestOf(site.folder)).toEqual(before);

  await using other = await createSite({ "config.toml": config, "content/a.md": content(["pair/new.jpg"]) });
  const reader = await scan(other.folder, "s3", false);
  expect([reader.code, reader.report.findings]).toEqual([2, []]);
  expect(reader.stderr).toBe(`imgproxy-lite scan: ${words}: pair/new.jpg\n`);
});

test("one photograph that the storage cannot give does not delay others, with a token and without", async () => {
  storage.refuse = (key) => (key.endsWith("/4.jpg") ? { status: 500, code: "InternalError" } : undefined);
  const scanned = async (withToken: boolean) => {
    const keys = each(10, (n) => `one-${withToken}/${n}.jpg`);
    await using site = await createSite({ "config.toml": config, "content/a.md": content(keys) });
    const { code, stderr, report } = await scan(site.folder, "s3", withToken, "--timeout", "8s");
    expect(code).toBe(2);
    expect(stderr).toContain(`: one-${withToken}/4.jpg\n`);
    expect(report.summary).toMatchObject({ variants: 9, made: 9, failed: 0 });
  };
  // Both wait for as long as they may.
  await Promise.all([scanned(true), scanned(false)]);
});

test("a scan waits for a storage that is away, and continues where it was", async () => {
  let refused = 0;
  storage.refuse = () => {
    refused += 1;
    return refused <= 20 ? { status: 503, code: "SlowDown" } : undefined;
  };
  const keys = each(40, (n) => `away/${n}.jpg`);
  await using site = await createSite({ "config.toml": config, "content/a.md": content(keys) });
  const { code, report } = await scan(site.folder, "s3", true);
  expect([code, report.findings]).toEqual([0, []]);
  expect(report.summary).toMatchObject({ variants: 40, made: 40, failed: 0 });
});

test("Node prints no warning, in scan or server, while sixteen requests wait for a server and one call probes sixteen", async () => {
  const keys = each(16, (n) => `crowd/${n}.jpg`);
  await using site = await createSite({ "config.toml": config, "content/a.md": content(keys) });
  const args = ["--site", site.folder, "--concurrency", "16", "--json"];
  const gate = await startGate(keys.length);
  const scanning = run([...args, "--endpoint", `http://127.0.0.1:${gate.port}/`]);
  await gate.tried;
  await using server = await startServer(`${storage.endpoint}/bucket/`, { PORT: String(gate.port) });
  const reader = await scanning;
  const publish = await run([...args, "--endpoint", server.endpoint], { env: { TOKEN: server.token } });
  for (const { code, stderr, stdout } of [reader, publish]) {
    // The line of a scan that waits is none of Node's.
    expect([code, stderr.replace(/^waiting for .*\n/, "")]).toEqual([0, ""]);
    expect(JSON.parse(stdout).summary).toMatchObject({ variants: 16, failed: 0 });
  }
  expect(server.stderr()).toBe("");
});

test("a withheld photograph is reported even if another key of the same image comes first", async () => {
  storage.refuse = (key, method) =>
    key.startsWith("posts/") ? { status: 404, code: "NoSuchKey" } : archived(key, method);
  await using site = await createSite({
    "config.toml": `${config}resolve = "page"\n`,
    "content/posts/a.md": "![](archived/paged.jpg)\n",
  });
  const { code, report } = await scan(site.folder, "s3", true);
  expect(code).toBe(1);
  expect(report.findings).toEqual([
    expect.objectContaining({
      line: 1,
      message: expect.stringContaining("archived/paged.jpg: It is archived"),
    }),
  ]);
});

/** A port that takes connections and drops them, as of a server that restarts; free once as many have tried. */
async function startGate(tries: number): Promise<{ readonly port: number; readonly tried: Promise<void> }> {
  const gate = createServer((socket) => {
    socket.on("error", () => undefined).destroy();
    tries -= 1;
    if (tries === 0) gate.close();
  });
  const tried = new Promise<void>((resolve) => gate.once("close", resolve));
  await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
  return { port: (gate.address() as AddressInfo).port, tried };
}
