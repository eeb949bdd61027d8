import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { openKept } from "../tools/kept.ts";

const folder = await mkdtemp(path.join(tmpdir(), "kept-"));
afterAll(() => rm(folder, { recursive: true }));

const code = path.join(folder, "code.js");
const kept = path.join(folder, "kept");
const open = async (text: string) => {
  await writeFile(code, text);
  return openKept(kept, [code]);
};

test("a benchmark that was ended goes on with what it has measured, and measures again when the code is other code", async () => {
  let measured = 0;
  const run = async (text: string, endsAt = Number.POSITIVE_INFINITY) => {
    const { once } = await open(text);
    const results: unknown[] = [];
    for (const width of [400, 800, 1600])
      results.push(
        await once({ file: "a.jpg", width }, async () => {
          if (width === endsAt) throw new Error("ended");
          measured += 1;
          return [{ body: new Uint8Array([1, 2]), scores: [width / 100] }];
        }),
      );
    return results;
  };
  await expect(run("one", 1600)).rejects.toThrow("ended");
  const whole = await run("one");
  expect(measured).toBe(3);
  expect(await run("one")).toEqual(whole);
  expect(measured).toBe(3);
  await run("two");
  expect(measured).toBe(6);
  expect(await readdir(kept)).toHaveLength(1);
});

test("a kept measurement that cannot be read ends the run, with the file's name", async () => {
  const { once } = await open("three");
  await once("what", async () => 1);
  const [folderOfCode = ""] = await readdir(kept);
  const [file = ""] = await readdir(path.join(kept, folderOfCode));
  await writeFile(path.join(kept, folderOfCode, file), "half");
  await expect(once("what", async () => 2)).rejects.toThrow(file);
});
