import { statSync } from "node:fs";
import path from "node:path";
import { startBucket } from "../../peers/bucket.ts";
import type { Bench } from "../../tools/bench.ts";
import { bodyOf } from "../../tools/load/get.ts";
import { loadTool } from "../../tools/load/load.ts";
import { openLooks } from "../../tools/look/looks.ts";
import { uprightOf } from "../../tools/photos.ts";
import type { Bar, Result, Table, Target } from "../../tools/result/result.ts";
import { equalLooks, type Look } from "./equal-look.ts";
import { raceHits } from "./hits.ts";
import { raceMisses } from "./misses.ts";
import { ownCpu } from "./own-cpu.ts";
import { raceRates, ratesHead } from "./rates.ts";
import { type Runner, startRunners, Unmade } from "./runners.ts";
import { missKinds, QUALITY, rateKinds, titleOf } from "./variants.ts";

/** New images and hits beside other image servers, each at the quality that looks like ours. */
export async function race(full: Bench): Promise<Result> {
  const bench = { ...full, keys: fewer(await uprightOf(full.photos, full.keys)) };
  const file = nearestToMegabyte(bench);
  const bucket = await startBucket(bench.folder, file);
  const targets: Target[] = [await ownCpu(bench, bucket.url, statSync(file).size / 1024)];
  const runners = await startRunners(bench);
  const looks = await looksOfAll(bench, runners.all);
  const unmade = new Unmade(bench.keys);
  await warmUp(bench, runners.all, unmade);
  const tables: Table[] = [];
  for (const kind of missKinds) {
    const raced = await raceMisses(bench, runners.all, unmade, kind, looks.get(titleOf(kind)) ?? new Map());
    tables.push(raced.table);
    targets.push(...raced.targets);
  }
  const rates: (readonly (string | number)[])[] = [];
  let peak = 0;
  const bars: Bar[] = [];
  for (const kind of rateKinds) {
    const raced = await raceRates(bench, runners.all, unmade, kind, looks.get(titleOf(kind)) ?? new Map());
    rates.push(...raced.rows);
    targets.push(...raced.targets);
    peak = Math.max(peak, raced.peakBytes);
    bars.push(...raced.bars);
  }
  targets.push({
    claim: "peak memory at 8 connections",
    measured: peak / 2 ** 20,
    atMost: 200,
    unit: " MiB",
  });
  const hits = await raceHits(bench, runners, bucket.url, looks.get("webp, 800 px") ?? new Map());
  return {
    title: "Race",
    about: `New images of ${bench.keys.length} photographs in a folder: every request is for a variant that the server has not made. Ours is asked for q ${QUALITY}; each of the others gets the quality of its own scale at which the same photographs have the same mean SSIMULACRA2 (reference: the lossless resize). “Bare sharp” is sharp in the benchmark's process, one thread, with imgproxy's settings; “bare libvips” is the same behind node:http, twice as many images at a time as cores, and stands in for imgproxy. CPU and memory are those of the whole process tree (memory: anonymous, sampled every 0.1 s of the first round). Every server has made ${WARM_UP} small images before. One at a time: each photograph once a round, least of all rounds. Rates: best of the rounds, latency their median; a refused request (503) is sent again after 0.1 s. ipx has no cache; its numbers are of one round. Hits are by ${await loadTool()}.`,
    targets: [...targets, ...hits.targets],
    tables: [{ title: "New images", head: ratesHead, rows: rates }, hits.table, ...tables],
    plot: { kind: "bars", unit: "images/s, 8 connections", bars },
  };
}

/** As a server that has run for a while: in the first hundreds of misses, V8 still compiles what runs often, in ours and in peers alike. */
async function warmUp(bench: Bench, all: readonly Runner[], unmade: Unmade): Promise<void> {
  for (const { name, urlOf } of all) {
    bench.tell(`${name}: ${WARM_UP} small images`);
    for (let count = 0; count < WARM_UP; count++)
      await bodyOf(urlOf({ ...unmade.next(name, { format: "jpg", width: 240 }), quality: QUALITY }));
  }
}

const WARM_UP = 400;

/** Its looks are measured before the race, so that nothing else runs during it. */
async function looksOfAll(
  bench: Bench,
  all: Awaited<ReturnType<typeof startRunners>>["all"],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Look>>> {
  const looks = openLooks();
  const found = new Map<string, ReadonlyMap<string, Look>>();
  for (const kind of missKinds) {
    bench.tell(`${titleOf(kind)}: the qualities that look alike`);
    found.set(titleOf(kind), await equalLooks(bench, looks, all, kind));
  }
  await looks.close();
  return found;
}

/** With more, a run would take longer than a few minutes. */
const MOST_PHOTOS = 6;

function fewer([first, ...rest]: Bench["keys"]): Bench["keys"] {
  return [first, ...rest.slice(0, MOST_PHOTOS - 1)];
}

function nearestToMegabyte({ photos, keys: [first, ...rest] }: Bench): string {
  const away = (key: string): number => Math.abs(Math.log(statSync(path.join(photos, key)).size / 1e6));
  return path.join(
    photos,
    rest.reduce((best, key) => (away(key) < away(best) ? key : best), first),
  );
}
