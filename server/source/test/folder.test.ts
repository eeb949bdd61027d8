import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { photo } from "../../test/support/pictures.ts";
import { startPod } from "../../test/support/pod.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { readWhole } from "../body.ts";
import { createFolderSource } from "../folder.ts";
import { describeSource } from "./source-suite.ts";

describeSource("a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
  return {
    source: createFolderSource(folder),
    async put(key, body) {
      await mkdir(dirname(join(folder, key)), { recursive: true });
      await writeFile(join(folder, key), body);
    },
    remove: (key) => rm(join(folder, key)),
    close: () => rm(folder, { recursive: true }),
  };
}, ["empty segments", "long keys"]);

test("a file is kept in the pieces in which it was read, without a copy", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a.jpg"), Buffer.alloc(2 ** 21, 1));
  const { body, bytes } = await createFolderSource(folder).open("a.jpg", new AbortController().signal);
  const pieces: unknown[] = [];
  async function read(): Promise<Uint8Array | undefined> {
    const piece = await body.read();
    if (piece !== undefined) pieces.push(piece);
    return piece;
  }
  const kept = await readWhole({ ...body, read }, bytes, () => true);
  expect(kept).toHaveLength(2);
  for (const [at, piece] of kept.entries()) expect(piece).toBe(pieces[at]);
});

test("a file that becomes shorter while it is read fails", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a.jpg"), Buffer.alloc(3 * 2 ** 20, 1));
  const { body } = await createFolderSource(folder).open("a.jpg", new AbortController().signal);
  await body.read();
  await truncate(join(folder, "a.jpg"), 2 ** 20);
  await expect(body.read()).rejects.toMatchObject({ code: "source-failed" });
});

describe("a folder's keys", () => {
  let outside: string;
  let folder: string;
  const signal = new AbortController().signal;
  const absent = expect.objectContaining({ code: "source-absent" });
  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
    folder = join(outside, "photos");
    await mkdir(join(folder, "in"), { recursive: true });
    await mkdir(join(outside, "photos-private"));
    await writeFile(join(outside, "secret"), "secret");
    await writeFile(join(outside, "photos-private", "secret"), "secret");
    await writeFile(join(folder, "in", "photo"), "photo");
  });
  afterAll(() => rm(outside, { recursive: true }));

  test("a folder's keys follow no link that leads out, to a file, a folder or a sibling with the same prefix", async () => {
    await symlink(join(outside, "secret"), join(folder, "file"));
    await symlink(outside, join(folder, "up"));
    await symlink(join(outside, "photos-private"), join(folder, "private"));
    const source = createFolderSource(folder);
    for (const key of ["file", "up/secret", "up/photos-private/secret", "private/secret"])
      await expect(source.stat(key, signal)).rejects.toMatchObject({
        code: "withheld-source",
        detail: expect.stringContaining("a link that leads out"),
      });
    // Their answers do not show what exists outside either.
    await expect(source.stat("up/nothing", signal)).rejects.toMatchObject({ code: "withheld-source" });
    await expect(source.stat("up/nothing/below", signal)).rejects.toMatchObject({ code: "withheld-source" });
    await expect(source.stat("in/nothing", signal)).rejects.toThrow(absent);
  });

  test("a folder's keys follow no link that is put in the place of a folder while they are opened", async () => {
    await mkdir(join(outside, "elsewhere"));
    await writeFile(join(outside, "elsewhere", "photo"), "secret");
    const source = createFolderSource(folder);
    const at = (name: string): string => join(folder, name);
    await mkdir(at("real"));
    await writeFile(join(at("real"), "photo"), "photo");
    await symlink(join(outside, "elsewhere"), at("link"));
    let isOver = false;
    const swapping = (async () => {
      while (!isOver)
        for (const name of ["real", "link"]) {
          await rename(at(name), at("swap"));
          await new Promise((resolve) => setImmediate(resolve));
          await rename(at("swap"), at(name));
        }
    })();
    const read = async (): Promise<string> => {
      try {
        return String(await (await source.open("swap/photo", signal)).body.read());
      } catch (error) {
        return error instanceof Error && "code" in error ? String(error.code) : String(error);
      }
    };
    const found = new Map<string, number>();
    for (let n = 0; n < 1_500; n++) {
      const what = await read();
      found.set(what, (found.get(what) ?? 0) + 1);
    }
    isOver = true;
    await swapping;
    expect(found.get("secret")).toBeUndefined();
    expect(found.get("photo")).toBeGreaterThan(0);
  });

  test("a folder's keys can be links that stay inside, and the folder itself can be a link", async () => {
    await symlink(join(folder, "in", "photo"), join(folder, "alias"));
    await symlink(folder, join(outside, "entrance"));
    const source = createFolderSource(join(outside, "entrance"));
    expect((await source.stat("alias", signal)).bytes).toBe(5);
  });

  test("a folder's keys name only files, each by one name", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const source = createFolderSource(folder);
    for (const key of ["in", "in/", "in//photo", "pipe", "in/photo/"])
      await expect(source.stat(key, signal)).rejects.toThrow(absent);
  });

  test("files that the server may not read are withheld, and others are not affected", async () => {
    await writeFile(join(folder, "locked"), "photo", { mode: 0 });
    await chmod(outside, 0o755);
    await chmod(folder, 0o755);
    const source = createFolderSource(folder);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      const withheld = {
        code: "withheld-source",
        storage: "EACCES",
        detail: expect.stringContaining("may not read"),
      };
      await expect(source.stat("locked", signal)).rejects.toMatchObject(withheld);
      await expect(source.open("locked", signal)).rejects.toMatchObject(withheld);
      expect((await source.stat("in/photo", signal)).bytes).toBe(5);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test("files are not absent because the folder is gone: its volume may not be mounted", async () => {
    const source = createFolderSource(join(outside, "unmounted"));
    await expect(source.stat("in/photo", signal)).rejects.toMatchObject({ code: "source-failed" });
  });
});

describe("a folder's versions", () => {
  const GIB = 2 ** 30;
  const signal = new AbortController().signal;
  const jpegMagic = "\xff\xd8\xff";

  /** A sparse file, which needs no space on disk after its first bytes. */
  async function largeFile(folder: string, name: string, bytes: number, magic: string): Promise<void> {
    const file = await open(join(folder, name), "w");
    await file.write(Buffer.from(magic, "latin1"));
    await file.truncate(bytes);
    await file.close();
  }

  const bytesRead = async (): Promise<number> =>
    Number(/^rchar: (\d+)$/m.exec(await readFile("/proc/self/io", "utf8"))?.[1]);

  const isOpen = async (path: string): Promise<boolean> => {
    const files = await readdir("/proc/self/fd");
    return (await Promise.all(files.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")))).includes(
      path,
    );
  };

  test("the versions of files that no variant can be made of are found without reading the files", async () => {
    const folder = await temporaryFolder();
    await largeFile(folder, "large.jpg", 6 * GIB, jpegMagic);
    await largeFile(folder, "film.mp4", GIB, "no image");
    const source = createFolderSource(folder, { maxBytes: 2 * GIB });
    const before = await bytesRead();
    const found = [await source.stat("large.jpg", signal), await source.stat("film.mp4", signal)];
    expect(found.map(({ validator }) => validator.split(":")[0])).toEqual(["stat", "stat"]);
    expect(found.map(({ bytes }) => bytes / GIB)).toEqual([6, 1]);
    expect((await bytesRead()) - before).toBeLessThan(2 ** 20);
  });

  test("the version of a file is found by one read, whatever number of requests wait, and whichever of them leaves", async () => {
    const folder = await temporaryFolder();
    await largeFile(folder, "a.jpg", 64 * 2 ** 20, jpegMagic);
    const source = createFolderSource(folder);
    const before = await bytesRead();
    const leaver = new AbortController();
    const left = source.stat("a.jpg", leaver.signal).catch((error: unknown) => error);
    const others = Array.from({ length: 20 }, () => source.stat("a.jpg", signal));
    // A fast machine hashes all of it in less than an ordinary pause between two looks.
    await expect.poll(() => bytesRead(), { interval: 1 }).toBeGreaterThan(before + 2 ** 20);
    leaver.abort("left");
    expect(await left).toBe("left");
    const validators = new Set((await Promise.all(others)).map(({ validator }) => validator));
    expect([...validators]).toEqual([expect.stringMatching(/^sha256:/)]);
    expect((await bytesRead()) - before).toBeLessThan(96 * 2 ** 20);
  });

  test("hashing a file stops once all requests for its version have left", async () => {
    const folder = await temporaryFolder();
    await largeFile(folder, "a.jpg", 64 * GIB, jpegMagic);
    const source = createFolderSource(folder);
    const leaver = new AbortController();
    const asked = Array.from({ length: 60 }, (_, at) =>
      at % 2 === 0 ? source.stat("a.jpg", leaver.signal) : source.open("a.jpg", leaver.signal),
    );
    await expect.poll(() => isOpen(join(folder, "a.jpg"))).toBe(true);
    leaver.abort("left");
    expect(new Set((await Promise.allSettled(asked)).map(({ status }) => status))).toEqual(
      new Set(["rejected"]),
    );
    await expect.poll(() => isOpen(join(folder, "a.jpg"))).toBe(false);
  });

  test("hashing a giant that readers have left delays neither other images nor the exit of the server", async () => {
    const folder = await temporaryFolder();
    await largeFile(folder, "giant.jpg", 64 * GIB, jpegMagic);
    await writeFile(join(folder, "a.jpg"), await photo(32, 24).jpeg().toBuffer());
    const settings = {
      SOURCE: folder,
      CACHE_DIR: join(folder, "cache"),
      MAX_SOURCE_BYTES: "1TiB",
      DRAIN_TIMEOUT: "2s",
    };
    const pod = await startPod(settings);
    const leaver = new AbortController();
    const asked = Array.from({ length: 60 }, (_, q) =>
      fetch(`${pod.url}?img=giant.jpg&fm=jpg&q=${q + 1}`, { signal: leaver.signal }).catch(() => undefined),
    );
    const image = (q: number) => fetch(`${pod.url}?img=a.jpg&fm=jpg&q=${q}`).then(({ status }) => status);
    expect(await image(1)).toBe(200);
    leaver.abort();
    await Promise.all(asked);
    expect(await image(2)).toBe(200);
    // Its hash is requested at the moment of the stop.
    const last = fetch(`${pod.url}?img=giant.jpg`).catch(() => undefined);
    expect(await image(3)).toBe(200);
    expect(await pod.stop()).toBe(0);
    await last;
  });

  test("versions from a stat are weak ETags: valid for If-None-Match, and not for joining two parts", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.jpg"), await photo(320, 240).jpeg().toBuffer());
    const pod = await startPod({ SOURCE: folder, CACHE_DIR: join(folder, "cache"), MAX_SOURCE_BYTES: "1kB" });
    const get = (headers: Record<string, string> = {}) => fetch(`${pod.url}?img=a.jpg`, { headers });
    const etag = (await get()).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"/);
    const answers = [
      { "if-none-match": etag },
      { range: "bytes=0-9" },
      { range: "bytes=0-9", "if-range": etag },
    ];
    expect(await Promise.all(answers.map(async (headers) => (await get(headers)).status))).toEqual([
      304, 206, 200,
    ]);
  });
});
