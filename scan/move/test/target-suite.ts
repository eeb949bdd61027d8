import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalFile, Target } from "../target/target.ts";

export interface TargetUnderTest extends AsyncDisposable {
  readonly target: Target;
  /** The bytes under a key, not by the code under test. */
  stored(key: string): Promise<Buffer | undefined>;
}

/** Tests that every target must pass. */
export function describeTarget(name: string, open: () => Promise<TargetUnderTest>): void {
  describe(`the target that is ${name}`, () => {
    const never = new AbortController().signal;
    let under: TargetUnderTest;
    let folder: string;
    let count = 0;

    beforeAll(async () => {
      under = await open();
      folder = await mkdtemp(path.join(tmpdir(), "target-"));
    });
    afterAll(async () => {
      await under.target.close();
      await under[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    async function local(content: Uint8Array): Promise<LocalFile> {
      const file = path.join(folder, `${count++}.jpg`);
      await writeFile(file, content);
      return { file, bytes: content.byteLength, sha256: sha256(content) };
    }
    const put = async (key: string, content: Uint8Array) =>
      under.target.put(key, await local(content), never);

    test.each([1, 4096, 3_000_000])(
      "a target stores a file of %i bytes whole, and reads it back",
      async (bytes) => {
        const content = randomBytes(bytes);
        expect(await put(`size/${bytes}.jpg`, content)).toBe("stored");
        expect((await under.stored(`size/${bytes}.jpg`))?.equals(content)).toBe(true);
        expect(await under.target.read(`size/${bytes}.jpg`, never)).toEqual({
          bytes,
          sha256: sha256(content),
        });
      },
    );

    test.each([
      "plain.jpg",
      "with space.jpg",
      "plus+plus & 100%25.jpg",
      "hash#1 question?x.jpg",
      "a/b/Größe 東京.jpg",
      "nfd-e\u0301.jpg",
      "nfc-\u00e9.jpg",
      "quote\"'().jpg",
    ])("a target stores and reads the key %s", async (key) => {
      const content = randomBytes(50);
      expect(await put(key, content)).toBe("stored");
      expect((await under.stored(key))?.equals(content)).toBe(true);
      expect(await under.target.read(key, never)).toEqual({ bytes: 50, sha256: sha256(content) });
    });

    test("a target never replaces what a key has", async () => {
      const first = randomBytes(100);
      expect(await put("taken.jpg", first)).toBe("stored");
      expect(await put("taken.jpg", randomBytes(200))).toBe("taken");
      expect(await put("taken.jpg", first)).toBe("taken");
      expect((await under.stored("taken.jpg"))?.equals(first)).toBe(true);
    });

    test("of files that are stored under one key at the same time, one is there whole", async () => {
      const contents = Array.from({ length: 6 }, () => randomBytes(50_000));
      const results = await Promise.all(contents.map((content) => put("race.jpg", content)));
      expect(results.filter((one) => one === "stored")).toHaveLength(1);
      const winner = contents[results.indexOf("stored")] ?? Buffer.of();
      expect((await under.stored("race.jpg"))?.equals(winner)).toBe(true);
    });

    test("a target has nothing under a key that nobody stored", async () => {
      expect(await under.target.read("no/such.jpg", never)).toBeUndefined();
    });

    test("a file that was changed after it was read is not stored", async () => {
      const file = await local(randomBytes(100));
      await writeFile(file.file, randomBytes(100));
      await expect(under.target.put("changed.jpg", file, never)).rejects.toThrow("run move again");
      expect(await under.stored("changed.jpg")).toBeUndefined();
    });

    test("an interrupted upload ends with the signal's reason", async () => {
      const reason = new Error("interrupted");
      const file = await local(randomBytes(100));
      await expect(under.target.put("stopped.jpg", file, AbortSignal.abort(reason))).rejects.toThrow();
      expect(await under.stored("stopped.jpg")).toBeUndefined();
    });
  });
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
