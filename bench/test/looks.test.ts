import { expect, test } from "vitest";
import { fewestBytes, type Measures, oneLook, outcomeOf } from "../claims/ladders/derive.ts";
import { loadedWidth, seenWidth } from "../claims/ladders/readers.ts";
import { type Curves, type Made, qualities } from "../claims/looks/curves.ts";
import { type SameLook, sameLookTables } from "../claims/looks/same-look.ts";
import { Unmade } from "../claims/race/runners.ts";
import { parseTemplate, withPids } from "../peers/template.ts";
import { atScore, bytesRatio, type Point, standardError } from "../tools/look/equal-score.ts";

const point = (quality: number, score: number, bytes: number): Point => ({ quality, score, bytes });
const curve = [point(50, 60, 1_000), point(70, 70, 2_000), point(90, 80, 8_000)];

test("between two pictures, bytes at a score are on a straight line of score and log bytes, also beyond the ends", () => {
  const bytesAt = (score: number): number => Math.round(atScore(curve, score).bytes);
  expect([65, 75, 70, 50, 90].map(bytesAt)).toEqual([1_414, 4_000, 2_000, 500, 32_000]);
  expect(atScore(curve.toReversed(), 65).quality).toBe(60);
  expect(() => atScore([point(50, 60, 1)], 60)).toThrow("two points");
});

test("two curves are compared only at scores that both reach", () => {
  const half = curve.map(({ quality, score, bytes }) => point(quality, score, bytes / 2));
  expect(bytesRatio(half, curve)).toBeCloseTo(0.5);
  expect(bytesRatio(half, [point(1, 20, 100), ...curve])).toBeCloseTo(0.5);
  expect(bytesRatio(half, [point(1, 20, 100)])).toBeUndefined();
});

test("the mean of all photographs and of those held out is promised, with its standard error, and not that of those it was fitted to", () => {
  const made = (quality: number, score: number): Made => ({
    quality,
    score,
    bytes: 1,
    body: new Uint8Array(),
  });
  const photo = (away: number): Curves => ({
    file: "a.jpg",
    points: {
      jpg: qualities.map((q) => made(q, q)),
      webp: qualities.map((q) => made(q, q)),
      avif: qualities.map((q) => made(q, q === 20 ? q + away : q)),
    },
  });
  const set = (name: SameLook["set"], away: readonly number[]): SameLook => {
    return { set: name, width: 400, curves: away.map(photo) };
  };
  expect(standardError([2, 4, 6])).toBeCloseTo(2 / Math.sqrt(3));
  const { tables, targets } = sameLookTables([set("fitted", [-1, 3]), set("held out", [-9, -7])]);
  expect(tables[0]?.rows[0]?.slice(-3)).toEqual([
    "-3.5 ± 2.8 (-9.0 … +3.0)",
    "+1.0 ± 2.0 (-1.0 … +3.0)",
    "-8.0 ± 1.0 (-9.0 … -7.0)",
  ]);
  expect(targets.map(({ claim, measured }) => [claim, measured]).slice(-2)).toEqual([
    [
      "avif, 400 px, 4 photographs: largest mean difference to JPEG of any q from 20 to 90 (at 20, standard error 2.8)",
      3.5,
    ],
    [
      "avif, 400 px, 2 photographs (held out): largest mean difference to JPEG of any q from 20 to 90 (at 20, standard error 1.0)",
      8,
    ],
  ]);
});

test("every new image of a race is of the next photograph, and after the last one a pixel narrower, for each server", () => {
  const unmade = new Unmade(["a.jpg", "b.jpg"]);
  const kind = { width: 800, format: "webp" } as const;
  const next = (server: string): string => {
    const { key, width } = unmade.next(server, kind);
    return `${key} ${width}`;
  };
  expect(["x", "x", "x", "y"].map(next)).toEqual(["a.jpg 799", "b.jpg 799", "a.jpg 798", "a.jpg 799"]);
});

test("a peer's process is one that exists, of a peer that was named", () => {
  const peers = [parseTemplate("other=http://127.0.0.1:8080/{key}")];
  const [other] = withPids(peers, [`other=${process.pid}`]);
  expect(other?.process?.privateBytes()).toBeGreaterThan(2 ** 20);
  expect(withPids(peers, [])[0]?.process).toBeUndefined();
  expect(() => withPids(peers, ["another=1"])).toThrow("there is no --peer another=URL");
  expect(() => withPids(peers, ["other=2147483647"])).toThrow("no process of this machine");
  expect(() => withPids(peers, ["other"])).toThrow("--peer-pid takes name=PID");
});

// --- ladders ---

/** The look grows with quality and with the pixels that a reader's screen gets; bytes grow with both. */
const measures: Measures = {
  look: (width, seen, quality) => quality + 20 * Math.min(1, width / seen - 1),
  bytes: (width, quality) => width ** 2 * Math.exp(quality / 20),
};
const readers = [
  { css: 400, density: 1, share: 0.5 },
  { css: 400, density: 2, share: 0.5 },
];
const tiers = [
  { width: 400, quality: 60 },
  { width: 800, quality: 60 },
];

test("a browser loads the smallest width that is enough, and an eye sees at most 1.3 pixels in a CSS pixel", () => {
  const dense = { css: 400, density: 3, share: 1 };
  expect(loadedWidth(dense, [1600, 800, 1200])).toBe(1200);
  expect(loadedWidth(dense, [480, 800])).toBe(800);
  expect([seenWidth(dense), seenWidth({ ...dense, density: 1 })]).toEqual([520, 400]);
});

test("a ladder of one look has that look at every width, and the mean look of the one it was derived from", () => {
  const now = outcomeOf(tiers, readers, measures);
  const level = oneLook(tiers, readers, measures);
  const [narrow, wide] = level.tiers.map(({ width, quality }) =>
    measures.look(width, width === 400 ? 400 : 520, quality),
  );
  expect(Math.abs((narrow ?? 0) - (wide ?? 0))).toBeLessThan(1);
  expect(Math.abs(level.look - now.look)).toBeLessThan(1);
});

test("the ladder with the fewest bytes has the mean look of the one it was derived from, for fewer bytes, and no reader sees less", () => {
  const now = outcomeOf(tiers, readers, measures);
  const fewest = fewestBytes(tiers, readers, measures);
  expect(fewest.look).toBeGreaterThanOrEqual(now.look);
  expect(fewest.look - now.look).toBeLessThan(1);
  expect(fewest.bytes).toBeLessThan(now.bytes);
  expect(fewest.lowest).toBeGreaterThanOrEqual(now.lowest);
});
