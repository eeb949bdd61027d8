import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../dev/machine/ports.ts";
import { photo } from "../../test/support/pictures.ts";
import { type Pod, startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

// A source that is gone as a whole gives the same answers as one whose photographs were all deleted.

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await photo(32, 24).jpeg().toBuffer();
});

/** Another `v` than the page's: the source is asked before the answer. */
const get = async (pod: Pod, key: string): Promise<string> => {
  const response = await fetch(`${pod.url}?img=${key}&fm=jpg&q=40&v=0000000000`);
  await response.arrayBuffer();
  return `${response.status} ${/hit; detail=stale|hit|miss/.exec(response.headers.get("cache-status") ?? "")?.[0] ?? ""}`;
};
const getAll = async (pod: Pod, keys: readonly string[]): Promise<string[]> => {
  const found = new Set<string>();
  for (const key of keys) found.add(await get(pod, key));
  return [...found].sort();
};
const stored = async (cache: string): Promise<number> => {
  const names = await readdir(join(cache, "v1"), { recursive: true }).catch(() => []);
  return names.filter((name) => /[0-9a-f]{32}\.\d/.test(name)).length;
};
const stale = "200 hit; detail=stale";

describe("a bucket", () => {
  const keys = ["a.jpg", "b.jpg", "c.jpg"];
  type State = "there" | "no bucket" | "emptied" | "closed" | "down";

  async function startBucket() {
    const bucket: { state: State; url: string } = { state: "there", url: "" };
    const server = createServer(({ url = "", method }, response) => {
      const refuse = (status: number, code: string): void => {
        const xml = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
        response.writeHead(status, { "content-type": "application/xml" });
        response.end(method === "HEAD" ? undefined : xml);
      };
      if (bucket.state === "down") return void response.destroy();
      if (bucket.state === "no bucket") return refuse(404, "NoSuchBucket");
      if (bucket.state === "closed") return refuse(403, "AccessDenied");
      const isThere = bucket.state === "there" && keys.some((key) => url.startsWith(`/photos/${key}`));
      if (!isThere) return refuse(404, "NoSuchKey");
      response.writeHead(200, { "content-length": jpeg.byteLength, etag: '"x"' });
      response.end(method === "HEAD" ? undefined : jpeg);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    bucket.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return bucket;
  }

  test.each(["s3", "http"])(
    "a bucket of %s that is gone, emptied or closed costs no reader a photograph, and neither does a restart meanwhile",
    async (kind) => {
      const bucket = await startBucket();
      const cache = await temporaryFolder();
      const settings = {
        CACHE_DIR: cache,
        GC_INTERVAL: "0",
        AWS_ACCESS_KEY_ID: "id",
        AWS_SECRET_ACCESS_KEY: "secret",
        ...(kind === "s3"
          ? { SOURCE: "s3://photos", S3_ENDPOINT: bucket.url }
          : { SOURCE: `${bucket.url}/photos/` }),
      };
      const before = await startPod(settings);
      expect(await getAll(before, keys)).toEqual(["200 miss"]);
      await expect.poll(() => stored(cache)).toBe(3);
      await expect.poll(() => readdir(join(cache, "canaries"))).toHaveLength(1);
      bucket.state = "emptied";
      expect(await getAll(before, keys)).toEqual([stale]);
      await before.stop();

      const after = await startPod(settings);
      for (const state of ["emptied", "no bucket", "closed"] as const) {
        bucket.state = state;
        expect([state, ...(await getAll(after, keys))]).toEqual([state, stale]);
        expect([state, await get(after, "unknown.jpg")]).toEqual([state, "502 "]);
      }
      expect(await stored(cache)).toBe(3);
      expect(
        await after.metric("imgproxy_lite_source_requests_total", 'outcome="misconfigured"'),
      ).toBeGreaterThan(0);
      await expect
        .poll(() => after.log())
        .toContain("the whole source is gone, or SOURCE names the wrong one");

      bucket.state = "there";
      expect(await get(after, "unknown.jpg")).toBe("404 ");
      keys.pop();
      onTestFinished(() => void keys.push("c.jpg"));
      expect(await get(after, "c.jpg")).toBe("404 ");
      await expect.poll(() => stored(cache)).toBe(2);
    },
  );

  test("variants are kept if the bucket fails for a moment while a photograph looks absent", async () => {
    const bucket = await startBucket();
    const cache = await temporaryFolder();
    const pod = await startPod({ CACHE_DIR: cache, GC_INTERVAL: "0", SOURCE: `${bucket.url}/photos/` });
    expect(await getAll(pod, keys)).toEqual(["200 miss"]);
    await expect.poll(() => stored(cache)).toBe(3);
    bucket.state = "down";
    expect(await getAll(pod, keys)).toEqual([stale]);
    expect(await stored(cache)).toBe(3);
  });
});

describe("the start", () => {
  const listening = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const refusing = (status: number, code: string): Promise<string> =>
    listening(({ method }, response) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(
        method === "HEAD" ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`,
      );
    });
  /** It says nothing about one photograph, and closes the connection instead of any other answer. */
  const hangingUp = (): Promise<string> =>
    listening(({ url = "" }, response) => {
      if (!url.includes("silence")) response.destroy();
    });
  const warnings = (pod: Pod): string[] =>
    pod
      .log()
      .split("\n")
      .filter((line) => line.includes('"warn"'));

  test.each([
    [
      "a bucket that is not there",
      404,
      "NoSuchBucket",
      /"SOURCE: it cannot be used with these settings \(404 NoSuchBucket\): there is no such bucket, or it is closed; correct the bucket in SOURCE, or S3_ENDPOINT"/,
    ],
    [
      "a key that nobody has",
      403,
      "InvalidAccessKeyId",
      /\(403 InvalidAccessKeyId\): the key pair .*; correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    ],
    ["a secret that is another one's", 403, "SignatureDoesNotMatch", /\(403 SignatureDoesNotMatch\)/],
    [
      "a bucket of another region",
      400,
      "AuthorizationHeaderMalformed",
      /\(400 AuthorizationHeaderMalformed\): the bucket is in another region .* AWS_REGION or S3_ENDPOINT are wrong/,
    ],
    ["a key without rights", 403, "AccessDenied", /refuses \(403 AccessDenied\).*s3:ListBucket/],
    [
      "a storage that fails",
      500,
      "InternalError",
      /gives an unexpected answer \(500 InternalError\): look into the storage/,
    ],
    ["all as it should be", 404, "NoSuchKey", undefined],
  ] as const)("at its start, the server warns of %s", async (_, status, code, words) => {
    const pod = await startPod({
      CACHE_DIR: await temporaryFolder(),
      SOURCE: "s3://photos",
      S3_ENDPOINT: await refusing(status, code),
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "secret",
    });
    if (words === undefined) {
      await expect.poll(() => pod.metric("imgproxy_lite_source_requests_total", "absent")).toBe(1);
      expect(warnings(pod)).toEqual([]);
      return;
    }
    await expect.poll(() => warnings(pod).join("\n")).toMatch(words);
    const outcome = code === "AccessDenied" ? "absent" : status === 500 ? "failed" : "misconfigured";
    expect(await pod.metric("imgproxy_lite_source_requests_total", `outcome="${outcome}"`)).toBe(1);
  });

  test("at its start, the server names another web server at S3_ENDPOINT, and missing credentials", async () => {
    const folder = await temporaryFolder();
    const other = await listening((_, response) => response.writeHead(404).end("404 page not found"));
    const settings = { CACHE_DIR: folder, SOURCE: "s3://photos", S3_ENDPOINT: other };
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    const wrong = await startPod({ ...settings, ...keys });
    await expect
      .poll(() => warnings(wrong).join("\n"))
      .toMatch(/"SOURCE: it answers 404 without a code of S3, as another web server does: check S3_ENDPOINT/);
    const keyless = await startPod({ ...settings, HOME: folder, AWS_EC2_METADATA_DISABLED: "true" });
    await expect
      .poll(() => warnings(keyless).join("\n"))
      .toMatch(/finds no credentials or no endpoint; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/);
  });

  test("at its start, the server names a website or a login page that answers every key", async () => {
    const page = await listening((_, response) =>
      response.setHeader("content-type", "text/html").end("<!doctype html><title>Sign in</title>"),
    );
    const pod = await startPod({ CACHE_DIR: await temporaryFolder(), SOURCE: `${page}/photos/` });
    await expect
      .poll(() => warnings(pod).join("\n"))
      .toMatch(/"SOURCE: it answers 200 for a photograph that does not exist, as a login page/);
  });

  test("at its start, the server names what is wrong with each address that it cannot use, and the remedy; later each call of the API, but no reader", async () => {
    const folder = await temporaryFolder();
    const certificate = join(folder, "certificate.pem");
    const key = join(folder, "key.pem");
    const asked =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
    execFileSync("openssl", [...asked.split(" "), "-keyout", key, "-out", certificate], { stdio: "ignore" });
    const secure = createTlsServer({ key: await readFile(key), cert: await readFile(certificate) });
    secure.listen(0, "127.0.0.1");
    await new Promise((resolve) => secure.once("listening", resolve));
    onTestFinished(() => void secure.close());
    const securePort = (secure.address() as AddressInfo).port;
    const plain = await refusing(404, "NoSuchBucket");
    const closed = await freePort();
    const sources = {
      bucket: `${plain}/photos/`,
      dns: "http://no-such-host.invalid/",
      closed: `http://127.0.0.1:${closed.port}/`,
      certificate: `https://127.0.0.1:${securePort}/`,
      tls: `${plain.replace("http:", "https:")}/`,
      plain: `http://127.0.0.1:${securePort}/`,
      s3: "s3://photos",
    };
    const pod = await startPod({
      CACHE_DIR: folder,
      TOKEN: "a-token-of-the-tests",
      SOURCE_TIMEOUT: "5s",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "secret",
      S3_ENDPOINT: await hangingUp(),
      SOURCES: Object.entries(sources)
        .map((pair) => pair.join("="))
        .join(","),
    });
    for (const words of [
      /SOURCES, bucket\/: it cannot be used .*\(404 NoSuchBucket\): there is no such bucket/,
      /SOURCES, dns\/: the name of its host cannot be resolved \(DNS\): correct S3_ENDPOINT or SOURCE/,
      /SOURCES, closed\/: nothing listens at its address: correct host and port .*\(ECONNREFUSED\)/,
      /SOURCES, certificate\/: its TLS certificate comes from an authority .* NODE_EXTRA_CA_CERTS \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      /SOURCES, tls\/: it does not speak TLS at this address: write http:/,
      /SOURCES, plain\/: it closes the connection without an answer: check the port, and http/,
      /SOURCES, s3\/: it closes the connection without an answer: .*\(ECONNRESET\)/,
    ])
      await expect.poll(() => warnings(pod).join("\n")).toMatch(words);
    expect(warnings(pod).join("\n")).not.toContain("stack");

    // The holder of the token learns the cause from each call; a reader does not.
    const call = async (name: string, body: object): Promise<string> => {
      const headers = { authorization: "Bearer a-token-of-the-tests" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      return (await fetch(`${pod.url}api/${name}`, init)).text();
    };
    for (const [key, code, cause] of [
      ["dns/a.jpg", "source-failed", "ENOTFOUND"],
      ["closed/a.jpg", "source-failed", "ECONNREFUSED"],
      ["certificate/a.jpg", "source-failed", "DEPTH_ZERO_SELF_SIGNED_CERT"],
      ["s3/hang-up.jpg", "source-failed", "ECONNRESET"],
      ["s3/silence.jpg", "source-timeout", "ETIMEDOUT"],
    ] as const) {
      const said = expect.stringMatching(`"code":"${code}",.*"storage":"${cause}"`);
      expect([key, await call("probe", { images: [key] })]).toEqual([key, said]);
      expect([key, await call("warm", { img: key, variants: [{ q: 60 }] })]).toEqual([key, said]);
      const reader = await fetch(`${pod.url}?img=${key}&q=60`);
      expect([key, reader.status >= 502, await reader.text()]).toEqual([
        key,
        true,
        expect.not.stringContaining(cause),
      ]);
    }
    expect(await call("list", { folder: "s3/" })).toMatch(/"code":"source-failed",.*"storage":"ECONNRESET"/);
  });

  test("at its start, the server warns of an empty folder", async () => {
    const pod = await startPod({ CACHE_DIR: await temporaryFolder(), SOURCE: await temporaryFolder() });
    await expect.poll(() => warnings(pod).join("\n")).toContain("SOURCE: the folder of SOURCE is empty");
  });
});

describe("a folder", () => {
  async function startOnFolder(count: number) {
    const parent = await temporaryFolder();
    const folder = join(parent, "photos");
    const cache = join(parent, "cache");
    await mkdir(folder);
    const keys = Array.from({ length: count }, (_, at) => `${at}.jpg`);
    for (const key of keys) await writeFile(join(folder, key), jpeg);
    // A link, as in deployments: its target can be on another device.
    const entrance = join(parent, "entrance");
    await symlink(folder, entrance);
    const settings = { SOURCE: entrance, CACHE_DIR: cache, GC_INTERVAL: "0", COLD_BUDGET: "10000" };
    const pod = await startPod(settings);
    expect(await getAll(pod, keys)).toEqual(["200 miss"]);
    await expect.poll(() => stored(cache)).toBe(count);
    return { parent, folder, cache, entrance, keys, settings, pod };
  }

  test("if a folder is gone, empty or on another device, its photographs do not count as deleted, also after a restart", async () => {
    const { parent, folder, cache, entrance, keys, settings, pod } = await startOnFolder(3);
    const aside = join(parent, "aside");
    await rename(folder, aside);
    expect(await getAll(pod, keys)).toEqual([stale]);
    await mkdir(folder);
    expect(await getAll(pod, keys)).toEqual([stale]);
    expect(await get(pod, "unknown.jpg")).toBe("502 ");
    // Folders that a file system creates in each volume are no photographs.
    await mkdir(join(folder, "lost+found"));
    expect(await getAll(pod, keys)).toEqual([stale]);
    await pod.stop();

    const restarted = await startPod(settings);
    expect(await getAll(restarted, keys)).toEqual([stale]);
    await rm(folder, { recursive: true });
    await rename(aside, folder);
    expect(await getAll(restarted, keys)).toEqual(["200 hit"]);

    const shared = "/dev/shm";
    const [here, there] = [await stat(folder), await stat(shared).catch(() => undefined)];
    if (there !== undefined && there.dev !== here.dev) {
      const other = join(shared, `imgproxy-lite-${process.pid}`);
      await mkdir(other);
      onTestFinished(() => rm(other, { recursive: true }));
      await writeFile(join(other, "0.jpg"), jpeg);
      await unlink(entrance);
      await symlink(other, entrance);
      expect(await getAll(restarted, keys.slice(1))).toEqual([stale]);
    }
    expect(await stored(cache)).toBe(3);
  });

  test("if many photographs of a folder disappear together, their variants are kept; if a few do, they are deleted", async () => {
    const { folder, cache, keys, pod } = await startOnFolder(45);
    for (const key of keys.slice(0, 30)) await unlink(join(folder, key));
    const answers: string[] = [];
    for (const key of keys.slice(0, 30)) answers.push(await get(pod, key));
    expect(answers.filter((answer) => answer === "404 ")).toHaveLength(19);
    expect(answers.filter((answer) => answer === stale)).toHaveLength(11);
    await expect.poll(() => stored(cache)).toBe(26);
    expect(await pod.metric("imgproxy_lite_purges_withheld_total")).toBe(11);
    await expect.poll(() => pod.log()).toContain("more than a tenth of the photographs became absent");
    // Misspelt keys in requests do not count as photographs, and existing photographs are served as before.
    expect(await get(pod, "unknown.jpg")).toBe("404 ");
    expect(await getAll(pod, keys.slice(30))).toEqual(["200 hit"]);
    for (const key of keys.slice(0, 30)) await writeFile(join(folder, key), jpeg);
    expect(await getAll(pod, keys.slice(19, 30))).toEqual(["200 hit"]);
  });
});
