import path from "node:path";
import pMap from "p-map";
import type { Bench } from "../../tools/bench.ts";
import { bodyOf } from "../../tools/load/get.ts";
import { atScore, geometricMean, mean, type Point } from "../../tools/look/equal-score.ts";
import type { Looks } from "../../tools/look/looks.ts";
import { OURS, type Runner } from "./runners.ts";
import { type Kind, QUALITY } from "./variants.ts";

/** How a server's images of a kind look at the quality with which it is raced. */
export interface Look {
  /** On its own scale. */
  readonly quality: number;
  /** Mean SSIMULACRA2 of the photographs. */
  readonly score: number;
  /** Mean bytes of an image at that quality. */
  readonly bytes: number;
  /** Bytes of ours ÷ its bytes, at the score of ours on each photograph; geometric mean. */
  readonly oursToIts: number;
}

/** The qualities with which the images of a kind look like ours at q 70, by runner. */
export async function equalLooks(
  bench: Bench,
  looks: Looks,
  runners: readonly Runner[],
  kind: Kind,
): Promise<ReadonlyMap<string, Look>> {
  const own = runners.find(({ name }) => name === OURS);
  if (own === undefined) throw new Error("ours does not run");
  const ours = await judge(bench, looks, own, kind, QUALITY);
  const oursLook = { quality: QUALITY, score: scoreOf(ours), bytes: bytesOf(ours), oursToIts: 1 };
  const found = new Map<string, Look>([[OURS, oursLook]]);
  for (const runner of runners.filter((one) => one !== own))
    found.set(runner.name, await likeOurs(bench, looks, runner, kind, ours));
  return found;
}

/** Two qualities far apart, then those between them that should look like ours: the curve is no straight line, so more than one. */
async function likeOurs(
  bench: Bench,
  looks: Looks,
  runner: Runner,
  kind: Kind,
  ours: readonly Point[],
): Promise<Look> {
  const at = (quality: number) => judge(bench, looks, runner, kind, quality);
  const wanted = scoreOf(ours);
  const judged = new Map<number, readonly Point[]>();
  for (const quality of kind.format === "avif" ? [42, 66] : [58, 82]) judged.set(quality, await at(quality));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const { quality } = atScore([...judged].map(meanPoint), wanted);
    const next = Math.round(Math.max(1, Math.min(100, quality)));
    if (judged.has(next)) break;
    judged.set(next, await at(next));
  }
  const [quality, near] = [...judged].reduce((best, one) =>
    Math.abs(scoreOf(one[1]) - wanted) < Math.abs(scoreOf(best[1]) - wanted) ? one : best,
  );
  const ratios = ours.map(({ score, bytes }, photo) => {
    const curve = [...judged.values()].flatMap((points) => points[photo] ?? []);
    return bytes / atScore(curve, score).bytes;
  });
  return { quality, score: scoreOf(near), bytes: bytesOf(near), oursToIts: geometricMean(ratios) };
}

const MOST_TRIES = 4;

function meanPoint([quality, points]: readonly [number, readonly Point[]]): Point {
  return { quality, score: scoreOf(points), bytes: bytesOf(points) };
}

/** A server's image of each photograph. */
async function judge(
  { photos, keys }: Bench,
  looks: Looks,
  runner: Runner,
  { width, format }: Kind,
  quality: number,
): Promise<Point[]> {
  // Two at a time: a queue that is full refuses.
  return pMap(
    keys,
    async (key) => {
      const body = await bodyOf(runner.urlOf({ key, width, quality, format }));
      const score = await looks.score(path.join(photos, key), width, body);
      return { quality, score, bytes: body.byteLength };
    },
    { concurrency: 2 },
  );
}

function scoreOf(points: readonly Point[]): number {
  return mean(points.map(({ score }) => score));
}

function bytesOf(points: readonly Point[]): number {
  return mean(points.map(({ bytes }) => bytes));
}
