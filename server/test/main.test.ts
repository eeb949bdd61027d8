import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterEach, beforeAll, expect, test } from "vitest";
import { browserAccept } from "../../contract/accept.ts";
import { parameterHelp } from "../../contract/url/request.ts";
import { loadConfig } from "../config/load.ts";
import { oldNode } from "../config/old-node.ts";
import { problems } from "../errors.ts";
import { atFileEnd } from "./support/file-end.ts";
import { photo } from "./support/pictures.ts";
import { forTests, startPod } from "./support/pod.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const atEnd = atFileEnd();

const executable = fileURLToPath(new URL("../../bin/imgproxy-lite.js", import.meta.url));
const children: ChildProcess[] = [];
let folder: string;

/** Before a command: as a user who owns nothing. */
const unprivileged =
  process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

/** A process of the program, its output so far, and its exit code when it has ended. */
function run(args: readonly string[], env: Record<string, string> = {}, prefix: readonly string[] = []) {
  const [command = "", ...words] = [...prefix, process.execPath, executable, ...args];
  const child = spawn(command, words, {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    output.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(output.out + output.err);
      if (found !== null) return found;
      if (child.exitCode !== null) throw new Error(`ended without ${pattern}: ${output.out}${output.err}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, output, ended, said };
}

async function serve(env: Record<string, string> = {}) {
  const args = ["serve", "--source", folder, "--cache", join(folder, "cache")];
  const server = run(args, { ...forTests, ...env });
  const [, url = "", admin = ""] = await server.said(/"url":"([^"]+)","admin":"([^"]+)"/);
  return { ...server, url, admin };
}

beforeAll(async () => {
  folder = await temporaryFolder(atEnd);
  await chmod(folder, 0o755);
  await writeFile(join(folder, "worms.jpg"), await photo(800, 600).jpeg().toBuffer());
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

test.each(["--help", "serve --help", "scan --help"])(
  "the reader of the output of %s may close it early",
  async (line) => {
    const { child, output, ended } = run(line.split(" "));
    child.stdout?.destroy();
    expect(await ended).toBe(0);
    expect(output.err).toBe("");
  },
);

test("serve answers readers and probes without an image library in its own process, and exits with 0 on a signal, also on two", async () => {
  const server = await serve();
  const get = (target: string, init?: RequestInit) => fetch(server.url + target, init);
  const made = await get("?img=worms.jpg&q=33&w=320", { headers: { accept: browserAccept.avif } });
  expect([made.status, made.headers.get("content-type")]).toEqual([200, "image/avif"]);
  const length = (await made.arrayBuffer()).byteLength;
  const head = await get("?img=worms.jpg&q=33&w=320", {
    method: "HEAD",
    headers: { accept: browserAccept.avif },
  });
  expect([head.headers.get("cache-status"), head.headers.get("content-length")]).toEqual([
    "imgproxy-lite; hit",
    String(length),
  ]);
  const etag = made.headers.get("etag") ?? "";
  const unchanged = await get("?img=worms.jpg&q=33&w=320", {
    headers: { accept: browserAccept.avif, "if-none-match": etag },
  });
  expect([unchanged.status, unchanged.headers.get("content-length")]).toEqual([304, null]);
  expect((await get("?img=absent.jpg&q=33")).status).toBe(404);
  expect((await get("")).status).toBe(404);
  expect((await fetch(`${server.admin}livez`)).status).toBe(200);
  expect((await fetch(`${server.admin}readyz`)).status).toBe(200);
  expect(await (await fetch(`${server.admin}metrics`)).text()).toMatch(/^imgproxy_lite_\w+\{/m);
  // Untrusted images are decoded in children only; loading libvips takes a quarter of the start.
  const loaded = await readFile(`/proc/${server.child.pid}/maps`, "utf8").catch(() => "");
  expect(loaded).not.toMatch(/libvips|sharp/);
  server.child.kill("SIGTERM");
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(0);
});

test("serve finishes a running response before it exits", async () => {
  await writeFile(join(folder, "large.jpg"), await photo(3000, 2000).jpeg().toBuffer());
  const server = await serve({ ENCODE_TIMEOUT: "5m", DRAIN_TIMEOUT: "5m" });
  const answer = fetch(`${server.url}?img=large.jpg&fm=avif&q=61`);
  const metrics = async (): Promise<string> => (await fetch(`${server.admin}metrics`)).text();
  await expect.poll(metrics).toMatch(/^imgproxy_lite_encoding_jobs\{lane="live"\} 1$/m);
  server.child.kill("SIGTERM");
  expect((await answer).status).toBe(200);
  expect(await server.ended).toBe(0);
});

test.each([
  [{ SOURCE_CHECK_INTERVAL: "1h" }, [20, 20]],
  [{ SOURCE_CHECK_INTERVAL: "0" }, [20, 30]],
  [{ SOURCE_CHECK_INTERVAL: "1h", DEV: "on" }, [20, 30]],
])(
  "a file in the folder that becomes 30 pixels wide is shown with %o at once as %o",
  async (env, expected) => {
    const server = await serve(env);
    const widths: unknown[] = [];
    for (const width of [20, 30]) {
      await writeFile(join(folder, "edited.jpg"), await photo(width, 20).jpeg().toBuffer());
      const made = await fetch(`${server.url}?img=edited.jpg&q=33&fm=jpg`);
      expect(made.headers.get("cache-control")).toBe("no-cache");
      widths.push((await sharp(await made.arrayBuffer()).metadata()).width);
    }
    expect(widths).toEqual(expected);
  },
);

test("serve --dev shows a help page at / with every URL parameter and every error code", async () => {
  const server = await serve({ DEV: "on" });
  const page = await fetch(server.url);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const text = await page.text();
  for (const name of [...Object.keys(parameterHelp), ...Object.keys(problems)])
    expect(text).toContain(`<tr><td>${name}</td>`);
  expect((await fetch(`${server.url}favicon.ico`)).status).toBe(204);
});

test("serve --dev listens only for this machine, unless HOST says otherwise", () => {
  const hostOf = (flags: string[], env = {}) =>
    loadConfig("serve", ["--source", folder, ...flags], env).config.host;
  expect(hostOf([])).toBe("::");
  expect(hostOf(["--dev"])).toBe("127.0.0.1");
  expect(hostOf([], { DEV: "on" })).toBe("127.0.0.1");
  expect(hostOf(["--dev"], { HOST: "::" })).toBe("::");
  expect(hostOf(["--dev", "--host", "0.0.0.0"])).toBe("0.0.0.0");
});

test("a port that is in use is named with the remedy", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const args = ["--source", folder, "--cache", join(folder, "cache"), "--host", "127.0.0.1"];
  const server = run(["serve", ...args, "--port", String(port), "--admin-port", "0"]);
  expect(await server.ended).toBe(1);
  expect(server.output.err).toMatch(`PORT: port ${port} is taken by another program; stop it or set PORT`);
  other.close();
});

test("a cache folder that the server's user cannot write is named with the user and the remedy, without a stack", async () => {
  const closed = join(folder, "closed");
  await mkdir(closed, { mode: 0o755 });
  const started = run(
    ["serve", "--source", folder, "--cache", closed, "--port", "0", "--admin-port", "0"],
    { CACHE_TIMEOUT: "1m", GC_INTERVAL: "0" },
    unprivileged,
  );
  await started.said(
    /"warn"[^\n]*"CACHE_DIR: \S+closed cannot be written: permission denied \(EACCES\); name another folder with --cache, or make this one usable for user 65534; until then every image is made again/,
  );
  const created = run(["serve", "--source", folder, "--cache", join(closed, "cache")], {}, unprivileged);
  expect(await created.ended).toBe(1);
  expect(created.output.err).toMatch(
    /^imgproxy-lite cannot start: CACHE_DIR: \S+ cannot be used: permission denied \(EACCES\); [^\n]+\n$/,
  );
  expect(`${started.output.out}${started.output.err}`).not.toContain('"stack"');
});

test("an old Node and a misspelt setting are one sentence each in the log, and the AWS SDK adds none of its own", async () => {
  const args = ["serve", "--cache", join(folder, "cache"), "--port", "0", "--admin-port", "0"];
  const server = run([...args, "--source", "s3://photos"], {
    CACH_MAX_BYTES: "5GiB",
    S3_ENDPOINT: "http://127.0.0.1:1",
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
  });
  // After this line the SDK has sent a request.
  await server.said(/nothing listens at its address/);
  expect(server.output.err).toBe("");
  expect(server.output.out.match(/"msg":"\w+ is no setting[^"]*/g)).toEqual([
    '"msg":"CACH_MAX_BYTES is no setting, so it has no effect: did you mean CACHE_MAX_BYTES?',
  ]);
  const old = Number.parseInt(process.versions.node, 10) < 22;
  expect(server.output.out.match(/is supported until/g)?.length ?? 0).toBe(old ? 1 : 0);
  expect([oldNode("20.19.0"), oldNode("22.0.0")]).toEqual([
    "Node 20.19.0 is supported until the end of 2026, because the AWS SDK then needs Node 22: update Node before you update imgproxy-lite",
    undefined,
  ]);
});

test("all configuration errors are reported together, by name, and no secret is printed", async () => {
  const env = {
    PORT: "http",
    CACHE_MAX_BYTES: "1parsec",
    VARIANTS: "signed",
    TOKEN: "short-token",
    ORIGINALS: "maybe",
    TRUSTED_PROXIES: "10.0.0.0/99",
  };
  const server = run(["serve"], env);
  expect(await server.ended).toBe(2);
  for (const name of [...Object.keys(env).filter((name) => name !== "VARIANTS"), "SOURCE"])
    expect(server.output.err).toMatch(new RegExp(`^ {2}${name} `, "m"));
  expect(server.output.err).toMatch(/VARIANTS=signed needs SIGNING_KEYS/);
  expect(server.output.err).not.toMatch(/short-token/);
});

test("secrets can be files: each error is reported by name, and no secret is printed", async () => {
  const secrets = join(folder, "secrets");
  await mkdir(secrets);
  await writeFile(join(secrets, "TOKEN"), "the-token-of-the-test\n");
  await writeFile(join(secrets, "short"), "tiny-secret\n");
  await writeFile(join(secrets, "empty"), "\n");
  const wrong = run(["serve", "--source", "s3://bucket"], {
    TOKEN: "the-other-token-there",
    TOKEN_FILE: join(secrets, "TOKEN"),
    AWS_ACCESS_KEY_ID: "",
    AWS_ACCESS_KEY_ID_FILE: join(secrets, "empty"),
    AWS_SECRET_ACCESS_KEY_FILE: join(secrets, "absent"),
    SIGNING_KEYS_FILE: join(folder, "nowhere", "SIGNING_KEYS"),
  });
  expect(await wrong.ended).toBe(2);
  for (const words of [
    "TOKEN and TOKEN_FILE are both set; keep one",
    `AWS_ACCESS_KEY_ID_FILE: ${join(secrets, "empty")} is empty; write AWS_ACCESS_KEY_ID into it`,
    `AWS_SECRET_ACCESS_KEY_FILE: ${join(secrets, "absent")} cannot be read (ENOENT)`,
    `SIGNING_KEYS_FILE: ${join(folder, "nowhere", "SIGNING_KEYS")} cannot be read (ENOENT)`,
  ])
    expect(wrong.output.err).toContain(`  ${words}`);
  expect(wrong.output.err).not.toMatch(/the-token-of|the-other-token/);
  const short = run(["serve", "--source", folder], { TOKEN_FILE: join(secrets, "short") });
  expect(await short.ended).toBe(2);
  expect(short.output.err).toMatch(/TOKEN takes at least 16 characters/);
  expect(short.output.err).not.toContain("tiny-secret");
  const half = run(["serve", "--source", "s3://bucket"], { AWS_ACCESS_KEY_ID: "id" });
  expect(await half.ended).toBe(2);
  expect(half.output.err).toMatch(/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together/);
});

test("a server with its secrets in files reads them, has none in its environment, and starts without an optional one", async () => {
  const secrets = join(folder, "mounted");
  await mkdir(secrets);
  const start = () =>
    startPod({
      SOURCE: folder,
      CACHE_DIR: join(folder, "secret-cache"),
      GC_INTERVAL: "0",
      TOKEN_FILE: join(secrets, "TOKEN"),
      SIGNING_KEYS_FILE: join(secrets, "SIGNING_KEYS"),
    });
  // As Kubernetes mounts an optional Secret that does not exist.
  const without = await start();
  const list = async ({ url }: { url: string }, token: string) =>
    (await fetch(`${url}api/published/blog`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await list(without, "the-token-of-the-test")).toBe(404);
  await without.stop();
  await writeFile(join(secrets, "TOKEN"), "the-token-of-the-test,the-old-token-there\n");
  await writeFile(join(secrets, "SIGNING_KEYS"), "signing-key\n");
  const pod = await start();
  for (const [token, status] of [
    ["the-token-of-the-test", 200],
    ["the-old-token-there", 200],
    ["another-token-there", 401],
  ] as const)
    expect(await list(pod, token)).toBe(status);
  expect(await readFile(`/proc/${pod.pid}/environ`, "utf8")).not.toMatch(/the-token|the-old|signing-key/);
  expect(await pod.logged()).not.toMatch(/the-token|the-old|signing-key/);
});

test("keys in the wrong place are refused, and not printed", async () => {
  for (const [name, value] of [
    ["SOURCE", "s3://AKIA:hunter2@photos"],
    ["SOURCE", "https://user:hunter2%E9@photos.example/"],
    ["SOURCE", "https://user:hunter2@photos.example/?x"],
    ["SOURCES", "a=https://user:hunter2@photos.example/?x,b=https://user:hunter2@photos.example/"],
    ["S3_ENDPOINT", "https://user:hunter2@rgw.example"],
  ] as const) {
    const failure = (): unknown => loadConfig("serve", [], { SOURCE: folder, [name]: value });
    expect(failure).toThrow(name);
    expect(failure).not.toThrow("hunter2");
  }
});

test("a folder that cannot be the cache is named in one sentence, with the remedy", async () => {
  const file = join(folder, "worms.jpg");
  const listed = join(folder, "listed");
  await mkdir(listed);
  await writeFile(join(listed, "published"), "");
  for (const [cache, env, why] of [
    [file, {}, "it is a file, not a folder"],
    [join(file, "cache"), {}, "a file is where a folder should be"],
    ["/proc/no/cache", {}, "it does not exist and cannot be created"],
    [listed, { VARIANTS: "listed" }, "its published sets, which VARIANTS=listed needs, cannot be read"],
  ] as const) {
    const server = run(["serve", "--source", folder, "--cache", cache, "--port", "0", "--admin-port", "0"], {
      CACHE_TIMEOUT: "1m",
      ...env,
    });
    expect([cache, await server.ended]).toEqual([cache, 1]);
    expect(server.output.err).toMatch(
      /^imgproxy-lite cannot start: CACHE_DIR: .*; name another folder with --cache.*\n$/,
    );
    expect(server.output.err).toContain(why);
  }
});

test("a source folder that does not exist is named", async () => {
  const server = run(["serve", "--source", join(folder, "nowhere"), "--port", "0", "--admin-port", "0"], {
    CACHE_DIR: join(folder, "cache"),
  });
  expect(await server.ended).toBe(1);
  expect(server.output.err).toMatch(/SOURCE: the folder .*nowhere does not exist/);
});

test("gc sweeps once and prints the result, whatever the settings of serve are", async () => {
  const once = run(["gc", "--cache", join(folder, "cache"), "--dry-run"], { SOURCE: "ftp://x" });
  expect(await once.ended).toBe(0);
  expect(once.output.out).toMatch(/^kept \d+ files?, /);
});

test.each(["serve", "gc"])("%s --help names every setting that it reads", async (program) => {
  const help = run([program, "--help"]);
  expect(await help.ended).toBe(0);
  const names = program === "serve" ? ["SOURCE", "TOKEN", "DRAIN_TIMEOUT"] : ["CACHE_DIR", "GC_INTERVAL"];
  for (const name of names) expect(help.output.out).toMatch(new RegExp(`\\b${name}\\b`));
});

test("an unknown command is reported", async () => {
  const none = run(["server"]);
  expect(await none.ended).toBe(2);
  expect(none.output.err).toMatch(/imgproxy-lite has no "server"/);
});
