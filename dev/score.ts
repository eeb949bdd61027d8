import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { tunedFormats } from "../contract/tuning.ts";
import { createPool } from "../server/encode/pool/pool.ts";
import { lanesApart } from "./lanes.ts";

/*
 * `npm run test:score`: first, whether both lanes look the same at one `q`, on the example blog's photographs at 400 px: the
 * means may differ by one point. Then the pairs that the tests score, beside what the reference implementation says of them (scores.json)
 * and what PyPI's `ssimulacra2` does, a second implementation by other people: `pip install ssimulacra2` first. It blurs
 * the borders in another way, so that it is up to some points off on pictures as small as these.
 */
interface Pair {
  readonly original: string;
  readonly picture: string;
  readonly score: number;
}

const folder = fileURLToPath(new URL("../../server/encode/test/score-pairs/", import.meta.url));
const pairs: readonly Pair[] = JSON.parse(await readFile(join(folder, "scores.json"), "utf8"));
await compareLanes();
checkPython();
const work = await mkdtemp(join(tmpdir(), "score-"));
const pool = createPool();
try {
  const lines: string[][] = [["picture", "here", "reference", "PyPI"]];
  for (const { original, picture, score: reference } of pairs) {
    const [here, other] = [await scoreHere(original, picture), await scoreThere(original, picture)];
    lines.push([picture, ...[here, reference, other].map((score) => score.toFixed(2))]);
    if (Math.abs(here - reference) >= 0.5) process.exitCode = 1;
  }
  for (const [name = "", ...scores] of lines)
    console.log(name.padEnd(24) + scores.map((score) => score.padStart(11)).join(""));
} finally {
  pool.close();
  await rm(work, { recursive: true });
}

async function compareLanes(): Promise<void> {
  const blog = fileURLToPath(new URL("../../hugo-module/exampleSite/photos/", import.meta.url));
  const names = ["my garden.jpg", "night.jpg", "portrait.jpg", "worms.jpg"];
  const originals = await Promise.all(names.map((name) => readFile(join(blog, name))));
  const pool = createPool();
  try {
    console.log(
      "live lane ‒ warm lane, mean score".padEnd(40) + tunedFormats.map((one) => one.padStart(8)).join(""),
    );
    for (const quality of [20, 30, 40, 50, 60, 70, 80, 90]) {
      let line = `q ${quality}`.padEnd(40);
      for (const format of tunedFormats) {
        const apart = await lanesApart(pool, originals, { width: 400, quality, format });
        line += apart.toFixed(2).padStart(8);
        if (Math.abs(apart) > 1) process.exitCode = 1;
      }
      console.log(line);
    }
  } finally {
    pool.close();
  }
}

async function scoreHere(original: string, picture: string): Promise<number> {
  const [first, second] = [await readFile(join(folder, original)), await readFile(join(folder, picture))];
  return pool.score(first, second, { signal: new AbortController().signal });
}

/** Ends the program with a remedy if python3 lacks the package. */
function checkPython(): void {
  const { status } = spawnSync("python3", ["-c", "import ssimulacra2"]);
  if (status === 0) return;
  console.error(
    "python3 has no package ssimulacra2: python3 -m venv .cache/score && .cache/score/bin/pip install ssimulacra2, then PATH=$PWD/.cache/score/bin:$PATH npm run test:score",
  );
  process.exit(2);
}

async function scoreThere(...files: readonly [string, string]): Promise<number> {
  const asPng = files.map((file, at) => join(work, `${at}-${file}.png`));
  for (const [at, file] of files.entries())
    await sharp(join(folder, file))
      .png()
      .toFile(asPng[at] ?? "");
  const program =
    "import sys; from ssimulacra2 import compute_ssimulacra2 as score; print(score(*sys.argv[1:]))";
  return Number(execFileSync("python3", ["-c", program, ...asPng], { encoding: "utf8" }));
}
