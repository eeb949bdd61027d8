import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { copyProgram } from "../../test/support/program-copy.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const bin = fileURLToPath(new URL("../../../bin/imgproxy-lite.js", import.meta.url));
const token = "the-token-of-the-test";
let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await photo(64, 48).jpeg().toBuffer();
});

/** A folder with one photograph, and the settings of a server on it. */
async function wellServer() {
  const folder = await temporaryFolder();
  const photos = join(folder, "photos");
  await mkdir(photos);
  await writeFile(join(photos, "a.jpg"), jpeg);
  return { folder, photos, settings: { SOURCE: photos, CACHE_DIR: join(folder, "cache"), TOKEN: token } };
}

interface Run {
  readonly args?: readonly string[];
  readonly executable?: string;
  /** A command that runs it. */
  readonly within?: readonly string[];
  /** A module that is loaded first. */
  readonly preload?: string;
}

async function examine(env: Readonly<Record<string, string>>, options: Run = {}) {
  const { args = ["--json"], executable = bin, within = [], preload } = options;
  const node =
    preload === undefined ? [] : ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];
  const [file = "", ...rest] = [
    ...within,
    process.execPath,
    ...node,
    executable,
    "doctor",
    "--server",
    ...args,
  ];
  const child = spawn(file, rest, {
    env: { PATH: process.env.PATH, CACHE_TIMEOUT: "1m", ADMIN_PORT: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const [code] = await once(child, "close");
  const parsed = args.includes("--json") ? JSON.parse(output.stdout || "{}") : {};
  const { checks = [] }: { checks?: { state: string; check: string; message: string }[] } = parsed;
  const lines = checks.map(({ state, check, message }) => `${state} ${check} ${message}`);
  return { code, ...output, lines, problems: lines.filter((line) => line.startsWith("problem")) };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("a doctor names a website or a login page at the source's address, which answers every key", async () => {
  const { settings } = await wellServer();
  const page = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html><title>Sign in</title>"),
  );
  const SOURCE = `http://127.0.0.1:${await listening(page)}/photos/`;
  const { code, problems } = await examine({ ...settings, SOURCE });
  expect([code, problems]).toEqual([
    1,
    [
      expect.stringMatching(
        /^problem source SOURCE: it answers 200 for a photograph that does not exist, as a login page/,
      ),
    ],
  ]);
});

test("a doctor finds nothing wrong with a server that is well, leaves no file and prints no token", async () => {
  const { settings } = await wellServer();
  const health = createServer((_, response) => response.end());
  const port = String(await listening(health));
  const { code, stdout } = await examine({ ...settings, ADMIN_PORT: port }, { args: [] });
  const words = stdout.split("\n").map((line) => line.split(/ +/, 2).join(" "));
  expect(words.filter((line) => !line.startsWith("note"))).toEqual([
    "ok settings",
    "ok source",
    "ok cache",
    "ok space",
    "ok libraries",
    "ok process",
    "all is",
    "",
  ]);
  expect(stdout).toMatch(/^ok +source +SOURCE: a\.jpg can be read$/m);
  expect(stdout).toMatch(/^ok +libraries +sharp [\d.]+, libvips [\d.]+/m);
  expect(code).toBe(0);
  expect(stdout).not.toContain(token);
  expect(await readdir(settings.CACHE_DIR)).toEqual([]);
});

test("a doctor names every wrong setting, a source that is missing and a cache that is a file", async () => {
  const { photos, settings } = await wellServer();
  const wrong = await examine({ CACHE_MAX_BYTES: "1parsec", TOKEN: "short-token" });
  expect(wrong.problems).toEqual([
    expect.stringMatching(/^problem settings CACHE_MAX_BYTES takes a size such as/),
    expect.stringMatching(/^problem settings TOKEN takes at least 16 characters: .*; got "…"$/),
    expect.stringMatching(/^problem settings SOURCE is not set; give a folder/),
  ]);
  expect(wrong.stdout).not.toContain("short-token");
  const missing = await examine({
    ...settings,
    SOURCE: join(photos, "nowhere"),
    CACHE_DIR: join(photos, "a.jpg"),
  });
  expect(missing.problems).toEqual([
    expect.stringMatching(/^problem source SOURCE: the folder .* does not exist; create it/),
    expect.stringMatching(/^problem cache CACHE_DIR: .* it is a file, not a folder.*; name another folder/),
  ]);
  expect([wrong.code, missing.code]).toEqual([1, 1]);
  const file = await examine({ ...settings, SOURCE: join(photos, "a.jpg") });
  expect(file.problems).toEqual([
    expect.stringMatching(/^problem source SOURCE: \S+a\.jpg is a file, not a folder; name the folder/),
  ]);
});

describe.runIf(process.platform === "linux")("a doctor without the rights of root", () => {
  const within = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];

  test("a doctor names a source that it may not read, and a cache that it may not write", async () => {
    const { photos, settings } = await wellServer();
    await mkdir(settings.CACHE_DIR, { mode: 0o500 });
    await chmod(photos, 0o300);
    const closed = await examine(settings, { within });
    expect(closed.problems).toEqual([
      expect.stringMatching(
        /^problem source SOURCE: its folder cannot be listed \(EACCES\): let the user \d+ read/,
      ),
      expect.stringMatching(
        /^problem cache CACHE_DIR: .* cannot store a file \(open\): permission denied \(EACCES\); .* usable for user \d+$/,
      ),
    ]);
    await chmod(photos, 0o500);
    await chmod(join(photos, "a.jpg"), 0);
    await chmod(settings.CACHE_DIR, 0o700);
    const file = await examine(settings, { within });
    expect(file.problems).toEqual([
      expect.stringMatching(
        /^problem source SOURCE: a photograph that it lists cannot be read: .*may not read/,
      ),
    ]);
    expect(file.lines).not.toContainEqual(expect.stringMatching(/may write into the folder of originals/));
    await chmod(photos, 0o700);
    const open = await examine(settings, { within });
    expect(open.lines).toContainEqual(expect.stringMatching(/^note source .* mount it read-only/));
  });
});

test("a doctor names a source that is down, too little space, and an encoder that does not start", async () => {
  const { settings } = await wellServer();
  const program = await copyProgram();
  await writeFile(program.child, "throw new Error('no library')");
  const { code, problems, stdout, stderr } = await examine(
    {
      ...settings,
      SOURCE: "s3://bucket",
      S3_ENDPOINT: "http://127.0.0.1:1",
      AWS_ACCESS_KEY_ID: "the-access-key",
      AWS_SECRET_ACCESS_KEY: "the-secret-key",
      SOURCE_TIMEOUT: "1s",
      CACHE_MIN_FREE: "1000000GiB",
    },
    { executable: program.executable },
  );
  expect(problems).toEqual([
    expect.stringMatching(
      /^problem source SOURCE: (?:nothing listens at its address: correct|it does not answer: check) host and port/,
    ),
    expect.stringMatching(/^problem space only .* is free, less than CACHE_MIN_FREE .*: free some/),
    expect.stringMatching(/^problem libraries an encoder exited at its start: .*Reinstall: npm ci/),
  ]);
  expect(code).toBe(1);
  expect(stdout + stderr).not.toMatch(/the-access-key|the-secret-key/);
});

test("a doctor names a clock that differs from the source's, and from the cache volume's", async () => {
  const { settings } = await wellServer();
  const old = createServer((_, response) => {
    response.setHeader("date", new Date(Date.now() - 3_600_000).toUTCString());
    response.writeHead(404).end();
  });
  const source = `http://user:hunter2@127.0.0.1:${await listening(old)}/`;
  const remote = await examine({ ...settings, SOURCE: source });
  expect(remote.problems).toEqual([
    expect.stringMatching(/^problem clock SOURCE: this machine's clock is 60 min ahead of .*: set it by NTP/),
  ]);
  expect(remote.lines).toContainEqual(
    expect.stringMatching(/^note source SOURCE: it answers; no photograph was read/),
  );
  expect(remote.stdout).not.toContain("hunter2");
  const here = await examine(settings, {
    preload: "const now = Date.now; Date.now = () => now() - 3_600_000;",
  });
  expect(here.problems).toEqual([
    expect.stringMatching(/^problem clock this machine's clock and the cache volume's differ by 3600 s.*NTP/),
  ]);
});

/** Puts faults into the calls of node:fs before the program loads it. */
const faulty = (lines: string) =>
  `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
const error = (syscall) => Object.assign(new Error("EIO: i/o error, " + syscall), { code: "EIO", syscall });
${lines}; syncBuiltinESMExports();`;

test.each([
  [
    "does not sync",
    faulty(`fs.fsync = (file, done) => done(error("fsync"))`),
    /^problem cache .*cannot store a file \(fsync\): EIO.*; name another folder/,
  ],
  [
    "does not rename",
    faulty(`fs.rename = (from, to, done) => done(error("rename"))`),
    /^problem cache .*cannot store a file \(rename\): EIO.*; name another folder/,
  ],
  [
    "is slow",
    faulty(`const { fsync } = fs; fs.fsync = (file, done) => setTimeout(() => fsync(file, done), 1_100)`),
    /^problem cache a store takes 1\d{3}\.\d ms, .*: more than 1000 and 100 ms.*: use a faster volume/,
  ],
])("a doctor names a cache volume that %s", async (_, preload, expected) => {
  const { settings } = await wellServer();
  const { problems, code } = await examine(settings, { preload });
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(code).toBe(1);
  expect(await readdir(settings.CACHE_DIR)).toEqual([]);
});

/** Whether this machine allows a test to mount a volume. */
const mounts = (() => {
  try {
    execFileSync("unshare", ["-m", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.runIf(mounts)("a doctor names a cache volume that is full, and one that is read-only", async () => {
  const { settings } = await wellServer();
  await mkdir(settings.CACHE_DIR);
  const on = (options: string): readonly string[] => [
    "unshare",
    "-m",
    "sh",
    "-c",
    `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`,
    settings.CACHE_DIR,
  ];
  const full = await examine(settings, { within: on("size=16k") });
  expect(full.problems).toEqual([
    expect.stringMatching(/^problem cache .*cannot store a file \(write\): its volume is full \(ENOSPC\)/),
  ]);
  const readOnly = await examine(settings, { within: on("ro") });
  expect(readOnly.problems).toEqual([
    expect.stringMatching(/^problem cache .*cannot store a file \(open\): its volume is read-only \(EROFS\)/),
  ]);
});

test("a doctor that has no such flag says so, and exits with 2", async () => {
  const { code, stderr } = await examine({}, { args: ["--nope"] });
  expect([code, stderr]).toEqual([2, expect.stringContaining("--nope")]);
});
