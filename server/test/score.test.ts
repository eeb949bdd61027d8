import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { photo } from "./support/pictures.ts";

const executable = fileURLToPath(new URL("../../bin/imgproxy-lite.js", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imgproxy-lite-"));
  const picture = photo(160, 120);
  await writeFile(join(folder, "original.png"), await picture.clone().png().toBuffer());
  await writeFile(join(folder, "q50.jpg"), await picture.clone().jpeg({ quality: 50 }).toBuffer());
  await writeFile(join(folder, "small.jpg"), await photo(80, 60).jpeg().toBuffer());
  await writeFile(join(folder, "notes.txt"), "no image");
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the program in the folder of the files. */
function score(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [executable, "score", ...args],
      { cwd: folder, env: { PATH: process.env.PATH ?? "" } },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test("score prints how much a picture looks like its original, as a number or as JSON", async () => {
  const { code, out, err } = await score("original.png", "q50.jpg");
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^\d\d\.\d\d\n$/);
  const json = await score("original.png", "q50.jpg", "--json");
  const { score: exact, ...files } = JSON.parse(json.out);
  expect(files).toEqual({ original: "original.png", picture: "q50.jpg" });
  expect(`${exact.toFixed(2)}\n`).toBe(out);
});

test("score says which file is at fault and why", async () => {
  const faults: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["original.png", "missing.jpg"], 1, /cannot score: missing\.jpg cannot be read: ENOENT/],
    [["original.png", "."], 1, /cannot score: \. cannot be read: it is not a file/],
    [["original.png", "notes.txt"], 1, /cannot score: notes\.txt: /],
    [["original.png", "small.jpg"], 1, /original\.png has 160 × 120 pixels, small\.jpg has 80 × 60 pixels/],
    [["original.png"], 2, /score takes two files, the original and the picture; got 1/],
    [["original.png", "q50.jpg", "--watch"], 2, /Unknown option '--watch'/],
  ];
  const answers = await Promise.all(faults.map(([args]) => score(...args)));
  for (const [at, [args, code, words]] of faults.entries()) {
    expect(answers[at], args.join(" ")).toMatchObject({ code, out: "" });
    expect(answers[at]?.err).toMatch(words);
    expect(answers[at]?.err).not.toContain("    at ");
  }
});

test("score's help says what the numbers mean", async () => {
  const { out } = await score("--help");
  expect(out).toMatch(/usage: imgproxy-lite score ORIGINAL PICTURE/);
  expect(out).toContain("SSIMULACRA 2.1");
  expect(out).toContain("ENCODER_MEMORY");
});
