import { availableParallelism } from "node:os";
import path from "node:path";
import pMap from "p-map";
import { namedLadders } from "../../../contract/page/tiers.ts";
import type { Bench } from "../../tools/bench.ts";
import { openKept } from "../../tools/kept.ts";
import { geometricMean, mean } from "../../tools/look/equal-score.ts";
import { openLooks } from "../../tools/look/looks.ts";
import { uprightOf } from "../../tools/photos.ts";
import type { Result, Table, Target } from "../../tools/result/result.ts";
import { fewestBytes, type Measures, type Outcome, oneLook, outcomeOf } from "./derive.ts";
import { loadedWidth, readers, seenWidth } from "./readers.ts";

/** Derives the qualities of the ladders from how their pictures look to readers. */
export async function ladders(full: Bench): Promise<Result> {
  const all = Object.entries(namedLadders);
  const widest = Math.max(...all.flatMap(([, tiers]) => tiers.map(({ width }) => width)));
  const bench = { ...full, keys: await uprightOf(full.photos, full.keys, widest) };
  const measures = await measure(
    bench,
    all.map(([, tiers]) => tiers.map(({ width }) => width)),
  );
  const derived = all.map(([name, tiers]) => ({
    name,
    now: outcomeOf(tiers, readers, measures),
    level: oneLook(tiers, readers, measures),
    fewest: fewestBytes(tiers, readers, measures),
  }));
  const targets = derived.map(
    ({ name, now, fewest }): Target => ({
      claim: `${name}: fewest bytes of any qualities at equal look ÷ bytes of the default`,
      measured: fewest.bytes / now.bytes,
      atLeast: 0.95,
    }),
  );
  return {
    title: "Ladders",
    about: `What the widths and qualities of contract/tiers.json look like to readers: ${Math.min(PHOTOS, bench.keys.length)} photographs as AVIF of the warm lane, at the width that a browser loads, made smaller to the reader's screen (at most 1.3 pixels a CSS pixel, which is what an eye distinguishes), judged by SSIMULACRA 2.1 beside the lossless picture of that size. Two other ladders have the same mean look: one in which the least favoured reader of every width sees the same, and the one with the fewest bytes in which no reader sees less than the lowest look of the default. The defaults change only if that saves 5 % or more.`,
    targets,
    tables: [...derived.map(tableOf), readersTable()],
    plot: {
      kind: "bars",
      unit: "KB a photograph, mean of readers",
      bars: derived.flatMap(({ name, now, level, fewest }) => [
        { name: `${name}, as it is`, value: now.bytes / 1024, ours: true },
        { name: `${name}, one look`, value: level.bytes / 1024 },
        { name: `${name}, fewest bytes`, value: fewest.bytes / 1024 },
      ]),
    },
  };
}

// --- measuring ---

const PHOTOS = 6;
const STEPS = [25, 40, 55, 70, 90];

/** Every width at some qualities, at the sizes at which the readers of any ladder see it; straight lines between them. */
async function measure(bench: Bench, widthsOfAll: readonly (readonly number[])[]): Promise<Measures> {
  const pairs = widthsOfAll.flatMap((widths) =>
    readers.map((reader) => ({ width: loadedWidth(reader, widths), seen: seenWidth(reader) })),
  );
  const judges = openLooks(await openKept());
  const looks = new Map<string, number>();
  const bytes = new Map<string, number>();
  for (const width of new Set(pairs.map((pair) => pair.width))) {
    bench.tell(`${width} px`);
    const seenAt = [...new Set(pairs.flatMap((pair) => (pair.width === width ? [pair.seen] : [])))];
    const outputs = STEPS.map((quality) => ({ format: "avif", quality }) as const);
    const made = await pMap(
      bench.keys.slice(0, PHOTOS),
      (key) => judges.own({ file: path.join(bench.photos, key), width, lane: "warm", outputs, seenAt }),
      { concurrency: availableParallelism() },
    );
    for (const [step, quality] of STEPS.entries()) {
      const photos = made.flatMap((one) => one[step] ?? []);
      bytes.set(`${width} ${quality}`, geometricMean(photos.map(({ body }) => body.byteLength)));
      for (const [at, seen] of seenAt.entries())
        looks.set(`${width} ${seen} ${quality}`, mean(photos.map(({ scores }) => scores[at] ?? Number.NaN)));
    }
  }
  await judges.close();
  const known = (map: ReadonlyMap<string, number>, name: string): number => map.get(name) ?? Number.NaN;
  return {
    look: (width, seen, quality) => between(quality, (step) => known(looks, `${width} ${seen} ${step}`)),
    bytes: (width, quality) =>
      Math.exp(between(quality, (step) => Math.log(known(bytes, `${width} ${step}`)))),
  };
}

function between(quality: number, at: (step: number) => number): number {
  const upper = Math.max(
    1,
    STEPS.findIndex((step) => step >= quality),
  );
  const [low = 0, high = 0] = [STEPS[upper - 1], STEPS[upper]];
  return at(low) + ((quality - low) / (high - low)) * (at(high) - at(low));
}

// --- what it says ---

function tableOf({
  name,
  now,
  level,
  fewest,
}: {
  readonly name: string;
  readonly now: Outcome;
  readonly level: Outcome;
  readonly fewest: Outcome;
}): Table {
  const row = (title: string, { tiers, look, lowest, bytes }: Outcome): (string | number)[] => [
    title,
    ...tiers.map(({ quality }) => String(quality)),
    look,
    lowest,
    bytes / 1024,
    bytes / now.bytes,
  ];
  return {
    title: `\`${name}\`: q by width`,
    head: [
      "",
      ...now.tiers.map(({ width }) => `${width} px`),
      "look, mean of readers",
      "lowest",
      "KB, mean of readers",
      "÷ as it is",
    ],
    rows: [
      row("as it is", now),
      row("one look for the least favoured reader of each width", level),
      row("fewest bytes at the same mean look and no lower one", fewest),
    ],
  };
}

function readersTable(): Table {
  return {
    title: "The readers",
    head: ["CSS pixels", "density", "share", "judged at"],
    rows: readers.map((reader) => [
      String(reader.css),
      String(reader.density),
      `${Math.round(100 * reader.share)} %`,
      `${seenWidth(reader)} px`,
    ]),
  };
}
