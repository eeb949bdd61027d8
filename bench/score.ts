import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { tunedFormats } from "../contract/tuning.ts";
import { lanesApart } from "../dev/lanes.ts";
import { createPool } from "../server/encode/pool/pool.ts";
import { debianPhotoSets } from "./tools/debian-photos.ts";

/*
 * `npm run test:score`: first, whether both lanes look the same at one `q`, on the benchmark's photographs at 400 px: the means may
 * differ by one point, those of AVIF up to q 60 by two: there, a step of its quality is two to three points. The example blog's photographs would not do:
 * two of its four are lights in the dark, whose AVIF is up to 20 points worse with the live lane's effort, and no table can mend that.
 * Then the pairs that the tests score, beside what the reference implementation says of them (scores.json) and what PyPI's
 * `ssimulacra2` does, a second implementation by other people: `pip install ssimulacra2` first. It blurs the borders in another way,
 * so that it is up to some points off on pictures as small as these.
 */
interface Pair {
  readonly original: string;
  readonly picture: string;
  readonly score: number;
}

const folder = fileURLToPath(new URL("../../server/encode/test/score-pairs/", import.meta.url));
const pairs: readonly Pair[] = JSON.parse(await readFile(join(folder, "scores.json"), "utf8"));
checkPython();
await compareLanes();
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
  const sets = await debianPhotoSets({ tell: console.error });
  const originals = await Promise.all(sets.flatMap(({ files }) => files).map((file) => readFile(file)));
  const qualities = [20, 30, 40, 50, 60, 70, 80, 90];
  const cells = (all: readonly (string | number)[]): string =>
    all.map((one) => (typeof one === "number" ? one.toFixed(2) : one).padStart(8)).join("");
  console.log(`live lane ‒ warm lane, mean score of ${originals.length} photographs`);
  console.log(cells(["q", ...qualities.map(String)]));
  const pool = createPool();
  try {
    for (const format of tunedFormats) {
      const apart = await lanesApart(pool, originals, { width: 400, qualities, format });
      console.log(cells([format, ...apart]));
      const most = (q = 0): number => (format === "avif" && q <= 60 ? 2 : 1);
      const isOff = (off: number, at: number): boolean => Math.abs(off) > most(qualities[at]);
      if (apart.some(isOff)) process.exitCode = 1;
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
