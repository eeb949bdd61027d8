import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

  test("lead out by no link, to a file, a folder or a sibling with the same start", async () => {
    await symlink(join(outside, "secret"), join(folder, "file"));
    await symlink(outside, join(folder, "up"));
    await symlink(join(outside, "photos-private"), join(folder, "private"));
    const source = createFolderSource(folder);
    for (const key of ["file", "up/secret", "up/photos-private/secret", "private/secret"])
      await expect(source.stat(key, signal)).rejects.toThrow(absent);
  });

  test("may be links that stay inside, and the folder itself may be one", async () => {
    await symlink(join(folder, "in", "photo"), join(folder, "alias"));
    await symlink(folder, join(outside, "entrance"));
    const source = createFolderSource(join(outside, "entrance"));
    expect((await source.stat("alias", signal)).bytes).toBe(5);
  });

  test("name files only, each by one name", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const source = createFolderSource(folder);
    for (const key of ["in", "in/", "in//photo", "pipe", "in/photo/"])
      await expect(source.stat(key, signal)).rejects.toThrow(absent);
  });

  test("that the server may not read are withheld, and no other is", async () => {
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

  test("are not gone with the folder: a volume may not be mounted", async () => {
    const source = createFolderSource(join(outside, "unmounted"));
    await expect(source.stat("in/photo", signal)).rejects.toMatchObject({ code: "source-failed" });
  });
});
