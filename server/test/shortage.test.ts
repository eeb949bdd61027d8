import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chown, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startProcess } from "../concurrency/child-process.ts";
import { connectionsWithin } from "../concurrency/descriptors.ts";
import { whyNoOtherUser } from "./support/other-user.ts";
import { startPhotoServer } from "./support/photo-server.ts";
import { photo } from "./support/pictures.ts";
import { type Pod, startPod } from "./support/pod.ts";
import { copyProgram } from "./support/program-copy.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await photo(64, 48).jpeg().toBuffer();
});

/** A folder with one photograph, and settings for a server on it that sweeps every second. */
async function folderOfOne() {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a.jpg"), jpeg);
  const settings = { SOURCE: folder, CACHE_DIR: join(folder, "cache"), GC_INTERVAL: "1s" };
  return { folder, settings };
}

/** Each request on its own connection, which is closed after it. */
async function ask(pod: Pod, quality: number): Promise<number> {
  const response = await fetch(`${pod.url}?img=a.jpg&fm=jpg&q=${quality}`, {
    headers: { connection: "close" },
  });
  await response.arrayBuffer();
  if (response.status === 503) expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
  return response.status;
}

const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter(Boolean).map(Number);

/** Kills all children: the idle encoder, so that the next image needs a new process, and a running sweep. */
async function endChildren(pod: Pod): Promise<void> {
  for (const child of await childrenOf(pod.pid)) end(child);
  await expect.poll(() => childrenOf(pod.pid)).toEqual([]);
}

/** A sweep may have ended since it was listed. */
function end(child: number): void {
  try {
    process.kill(child, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Leaves the server this many descriptors, in addition to those that it has open. */
async function leave(pod: Pod, spare: number): Promise<void> {
  const open = new Set((await readdir(`/proc/${pod.pid}/fd`)).map(Number));
  let most = 0;
  for (let free = 0; open.has(most) || free < spare; most++) if (!open.has(most)) free++;
  limit(pod, "nofile", most);
}

/** Leaves it no child, and this many descriptors. Again if meanwhile a sweep, which has some of them, has begun or ended. */
async function leaveAlone(pod: Pod, spare: number): Promise<void> {
  for (;;) {
    await endChildren(pod);
    const open = await readdir(`/proc/${pod.pid}/fd`);
    await leave(pod, spare);
    const now = [...(await readdir(`/proc/${pod.pid}/fd`)), ...(await childrenOf(pod.pid))];
    if (now.join() === open.join()) return;
    await leave(pod, 100);
  }
}

/** Sets the soft limit, which can be raised again. @param user the owner of the process, if it is not ours. */
const limit = (pod: Pod, what: "nofile" | "nproc", soft: number, user?: number): void => {
  const as = user === undefined ? {} : { uid: user, gid: user };
  execFileSync("prlimit", [`--pid=${pod.pid}`, `--${what}=${soft}:`], as);
};

const lines = (pod: Pod, pattern: RegExp): number =>
  pod
    .log()
    .split("\n")
    .filter((line) => pattern.test(line)).length;

test("a process that the system refuses is reported in one way, whether spawn throws or fails later", async () => {
  for (const [file, args, code] of [
    ["/nonexistent", [], "ENOENT"],
    // It throws at once, like ENOMEM.
    [process.execPath, ["x".repeat(200_000)], "E2BIG"],
  ] as const) {
    const started = startProcess(file, args, { stdio: "pipe" });
    if (started.child !== undefined) throw new Error(`${file} runs`);
    await expect(started.failure).resolves.toMatchObject({ code });
  }
});

test("of few descriptors half are for connections, of many all except those that the server needs itself", () => {
  expect([undefined, 1_000_000, 1_024, 64].map((all) => connectionsWithin(all, 4_096))).toEqual([
    4_096, 4_096, 768, 32,
  ]);
});

describe.runIf(process.platform === "linux")("a server that", () => {
  test("a server without descriptors for an encoder or a sweep answers 503, says why, and continues", async () => {
    const { settings } = await folderOfOne();
    const pod = await startPod(settings);
    expect(await ask(pod, 50)).toBe(200);
    // A connection and the original, not the six that a new process takes.
    await leaveAlone(pod, 3);
    for (const quality of [51, 52]) expect(await ask(pod, quality)).toBe(503);
    expect(await ask(pod, 50)).toBe(200);
    // A sweep that tries to start takes what is left for a moment.
    await expect.poll(async () => (await fetch(new URL("metrics", pod.adminUrl))).status).toBe(200);
    await expect.poll(() => lines(pod, /"status":503.*EMFILE/)).toBe(2);
    await expect
      .poll(() => lines(pod, /no process could be started.*the cache could not be swept/))
      .toBeGreaterThan(0);
    await leave(pod, 100);
    expect(await ask(pod, 51)).toBe(200);
    expect(await pod.stop()).toBe(0);
  });

  test("a server with a connection for every descriptor refuses more, and accepts them again when some are free", async () => {
    const { settings } = await folderOfOne();
    const pod = await startPod(settings);
    expect(await ask(pod, 50)).toBe(200);
    await leaveAlone(pod, 10);
    const sockets = await openMany(pod, 40);
    await expect.poll(() => sockets.filter((socket) => socket.closed).length).toBeGreaterThan(25);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => ask(pod, 50).catch(() => 0)).toBe(200);
    expect(await pod.stop()).toBe(0);
  });

  test("a server that cannot open its cache files serves newly made images instead", async () => {
    const photos = await startPhotoServer(64, 48);
    const { settings } = await folderOfOne();
    const pod = await startPod({ ...settings, SOURCE: photos.url, GC_INTERVAL: "0", HOT_CACHE_BYTES: "0" });
    const { hostname, port } = new URL(pod.url);
    const reader = connect(Number(port), hostname);
    const get = async (): Promise<string> => {
      const answered = once(reader, "data");
      reader.write("GET /?img=a.jpg&fm=jpg&q=50 HTTP/1.1\r\nHost: a\r\n\r\n");
      return String(await answered);
    };
    expect(await get()).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-status: imgproxy-lite; fwd=miss/i);
    await expect.poll(get).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-status: imgproxy-lite; hit/i);
    await leave(pod, 0);
    expect(await get()).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-status: imgproxy-lite; fwd=miss/i);
    await expect.poll(() => lines(pod, /EMFILE.*the cache volume failed/)).toBe(1);
    await leave(pod, 100);
    await expect.poll(get).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-status: imgproxy-lite; hit/i);
    reader.destroy();
  });

  test("a server that cannot open an original answers that it is busy, not that the photograph is gone", async () => {
    const { settings } = await folderOfOne();
    const pod = await startPod({ ...settings, GC_INTERVAL: "0" });
    const { hostname, port } = new URL(pod.url);
    const reader = connect(Number(port), hostname);
    onTestFinished(() => void reader.destroy());
    const get = async (): Promise<string> => {
      const answered = once(reader, "data");
      reader.write("GET /?img=a.jpg&fm=jpg&q=50 HTTP/1.1\r\nHost: a\r\n\r\n");
      return String(await answered);
    };
    await once(reader, "connect");
    // It is accepted once the server has a descriptor for it.
    reader.write("GET /?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(String(await once(reader, "data"))).toMatch(/^HTTP\/1.1 400 /);
    await leave(pod, 0);
    expect(await get()).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: \d/i);
    await expect.poll(() => lines(pod, /"status":503.*"code":"busy".*EMFILE/)).toBe(1);
    await leave(pod, 100);
    expect(await get()).toMatch(/^HTTP\/1.1 200 /);
  });

  test("a server that starts with few descriptors reserves some for its own work, and logs that connections are limited", async () => {
    const { settings } = await folderOfOne();
    const pod = await startPod(settings, undefined, undefined, ["prlimit", "--nofile=140:140"]);
    const sockets = await openMany(pod, 100);
    await expect.poll(() => sockets.filter((socket) => socket.closed).length).toBeGreaterThanOrEqual(25);
    expect(lines(pod, /the limit of open files is low/)).toBe(1);
    await expect.poll(() => lines(pod, /connections run short/)).toBe(1);
    // One of the open connections requests a new image: that needs a file, a process and its pipes.
    const [kept] = sockets.filter((socket) => !socket.closed);
    const answered = new Promise<string>((resolve) => kept?.once("data", (data) => resolve(String(data))));
    kept?.write("GET /?img=a.jpg&fm=jpg&q=51 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await answered).toMatch(/^HTTP\/1.1 200 /);
    expect((await fetch(new URL("livez", pod.adminUrl))).status).toBe(200);
  });

  test("a server that cannot start more processes answers 503, says why, and encodes when it can again", async () => {
    const user = 61_000 + (process.pid % 4_000);
    const skipped = whyNoOtherUser(user);
    if (skipped !== undefined) return console.log(`skipped: ${skipped}`);
    const { folder, settings } = await folderOfOne();
    await chown(folder, user, user);
    const { folder: program, executable } = await copyProgram();
    const within = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    const pod = await startPod({ ...settings, HOME: program }, executable, undefined, within);
    expect(await ask(pod, 50)).toBe(200);
    await endChildren(pod);
    limit(pod, "nproc", 1, user);
    expect(await ask(pod, 51)).toBe(503);
    expect(await ask(pod, 50)).toBe(200);
    await expect.poll(() => lines(pod, /"status":503.*EAGAIN/)).toBe(1);
    limit(pod, "nproc", 10_000, user);
    expect(await ask(pod, 51)).toBe(200);
    expect(await pod.stop()).toBe(0);
  });

  test("a server whose encoders exit at their start answers 503, says why, and encodes once they work", async () => {
    const { settings } = await folderOfOne();
    const { executable, child } = await copyProgram();
    const pod = await startPod(settings, executable);
    expect(await ask(pod, 50)).toBe(200);
    await endChildren(pod);
    await rename(child, `${child}.whole`);
    await writeFile(child, "process.exit(3);");
    expect(await ask(pod, 51)).toBe(503);
    expect(await ask(pod, 50)).toBe(200);
    await expect.poll(() => lines(pod, /"status":503.*it ended with 3/)).toBe(1);
    await rename(`${child}.whole`, child);
    expect(await ask(pod, 52)).toBe(200);
    expect(await pod.stop()).toBe(0);
  });
});

test("a server whose first encoder does not start prints one sentence, and exits", async () => {
  const { settings } = await folderOfOne();
  const { executable, child } = await copyProgram();
  await writeFile(child, 'import "nonesuch";');
  await expect(startPod(settings, executable)).rejects.toThrow(
    /serve ended with 1: .*imgproxy-lite cannot start: an encoder exited at its start: Error.* Cannot find package 'nonesuch'.*npm ci/s,
  );
});

async function openMany(pod: Pod, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(pod.url);
  const sockets = Array.from({ length: count }, () =>
    connect(Number(port), hostname).on("error", () => undefined),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  // A closed connection is noticed only by reading.
  for (const socket of sockets) socket.resume();
  return sockets;
}
