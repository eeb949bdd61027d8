import { randomBytes } from "node:crypto";
import { getEventListeners } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_KEY_BYTES } from "../../../contract/url/key.ts";
import { Problem } from "../../errors.ts";
import { readWhole, toStream } from "../body.ts";
import type { Source } from "../source.ts";

/** A source under test, and functions that store photographs in it. */
export interface SourceUnderTest {
  readonly source: Source;
  put(key: string, body: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Tests that every kind of source must pass. */
export function describeSource(
  name: string,
  open: () => Promise<SourceUnderTest>,
  /** Keys that the storage behind it cannot have. */
  lacking: readonly ("empty segments" | "long keys")[] = [],
): void {
  describe(`the source that is ${name}`, () => {
    let under: SourceUnderTest;
    const never = new AbortController().signal;
    const read = async (key: string, range?: { first: number; last: number }): Promise<Buffer> => {
      const { body } = await under.source.open(key, never, range);
      return Buffer.from(await new Response(toStream(body)).arrayBuffer());
    };
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    test.each([0, 1, 4096, 3_000_000])("a source returns an object of %i bytes unchanged", async (bytes) => {
      const body = randomBytes(bytes);
      await under.put(`size/${bytes}`, body);
      expect((await read(`size/${bytes}`)).equals(body)).toBe(true);
      expect((await under.source.stat(`size/${bytes}`, never)).bytes).toBe(bytes);
    });

    test.each(
      [
        "plain.jpg",
        "with space.jpg",
        "plus+plus.jpg",
        "percent%25 100%.jpg",
        "amp&amp=1.jpg",
        "hash#1.jpg",
        "question?q=1.jpg",
        "quote'\"!*(){}[]~|^`<>;:@$,.jpg",
        "a/b/c/d/nested.jpg",
        "nfc-\u00e9.jpg",
        "nfd-e\u0301.jpg",
        "日本語/写真 📷.jpg",
        ...(lacking.includes("empty segments") ? [] : ["double//slash.jpg", "end/"]),
        ...(lacking.includes("long keys") ? [] : [`long/${"k".repeat(MAX_KEY_BYTES - 5)}`]),
      ].map((key) => [key]),
    )("has the key %j and not its like", async (key) => {
      const body = Buffer.from(`this is ${key}`);
      await under.put(key, body);
      expect((await read(key)).toString()).toBe(body.toString());
      await expect(under.source.stat(`${key.slice(0, -1)}~`, never)).rejects.toThrow(
        expect.objectContaining({ code: "source-absent" }),
      );
    });

    test("a source leaves no listener on the signal of requests that have ended, however they ended", async () => {
      const { signal } = new AbortController();
      await under.put("ended", randomBytes(200_000));
      await under.source.stat("ended", signal);
      await under.source.stat("absent", signal).catch(() => undefined);
      await under.source.open("absent", signal).catch(() => undefined);
      const { body, bytes } = await under.source.open("ended", signal);
      await readWhole(body, bytes, () => true);
      (await under.source.open("ended", signal)).body.cancel();
      const left = await under.source.open("ended", signal);
      await left.body.read();
      left.body.cancel();
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("a source keeps NFC and NFD apart", async () => {
      await under.put("twin-\u00e9", Buffer.from("nfc"));
      await under.put("twin-e\u0301", Buffer.from("nfd"));
      expect((await read("twin-\u00e9")).toString()).toBe("nfc");
    });

    test("a source returns ranges, with the length of the whole", async () => {
      await under.put("part", Buffer.from("0123456789"));
      expect((await read("part", { first: 0, last: 0 })).toString()).toBe("0");
      expect((await read("part", { first: 3, last: 6 })).toString()).toBe("3456");
      expect((await read("part", { first: 9, last: 9 })).toString()).toBe("9");
      const object = await under.source.open("part", never, { first: 3, last: 6 });
      object.body.cancel();
      expect(object.bytes).toBe(10);
    });

    test("a source reports the same validator until the bytes change, in stat, open and range", async () => {
      await under.put("versioned", Buffer.from("one"));
      const { validator } = await under.source.stat("versioned", never);
      for (const range of [undefined, { first: 1, last: 1 }]) {
        const object = await under.source.open("versioned", never, range);
        object.body.cancel();
        expect(object.validator).toBe(validator);
      }
      await under.put("versioned", Buffer.from("two"));
      expect((await under.source.stat("versioned", never)).validator).not.toBe(validator);
    });

    test("a source reports an object that does not exist, or no longer exists, as absent", async () => {
      await under.put("short-lived", Buffer.from("x"));
      await under.remove("short-lived");
      for (const key of ["short-lived", "never/was", "plain.jpg/below"])
        for (const ask of [under.source.stat, under.source.open])
          await expect(ask(key, never)).rejects.toThrow(expect.objectContaining({ code: "source-absent" }));
    });

    test("a source stops when its reader has disconnected", async () => {
      await under.put("gone", Buffer.from("x"));
      const reason = new Error("gone");
      const failure = await under.source
        .open("gone", AbortSignal.abort(reason))
        .catch((error: unknown) => error);
      expect(failure).toBe(reason);
    });

    test("a body of a source can be cancelled in the middle, repeatedly", async () => {
      await under.put("large", randomBytes(5_000_000));
      for (let n = 0; n < 100; n += 1) {
        const { body } = await under.source.open("large", never);
        await body.read();
        body.cancel();
        expect(await body.read()).toBeUndefined();
      }
      expect((await read("large")).byteLength).toBe(5_000_000);
    });

    test("a source throws only Problems for missing objects", async () => {
      for (const key of ["x".repeat(300), "%00", "%2e%2e/x", "COM1", "a/".repeat(400)]) {
        const failure = await under.source.stat(key, never).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(Problem);
      }
    });
  });
}
