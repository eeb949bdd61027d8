import sharp from "sharp";
import { encodeAsImgproxy } from "../../peers/bare-libvips.ts";
import type { Bench } from "../../tools/bench.ts";
import { bodyOf } from "../../tools/load/get.ts";
import {
  alternate,
  type Contender,
  least,
  type Measured,
  type Samples,
} from "../../tools/measure/alternate.ts";
import type { Table, Target } from "../../tools/result/result.ts";
import type { Look } from "./equal-look.ts";
import { BARE, OURS, type Runner, type Unmade } from "./runners.ts";
import { type Kind, titleOf } from "./variants.ts";

/** New images of a kind, one request at a time. */
export async function raceMisses(
  bench: Bench,
  runners: readonly Runner[],
  unmade: Unmade,
  kind: Kind,
  looks: ReadonlyMap<string, Look>,
): Promise<{ readonly table: Table; readonly targets: readonly Target[] }> {
  const contenders = [
    inProcess(bench, unmade, kind, looks.get(BARE)?.quality ?? 70),
    ...runners
      .filter(({ name }) => name !== BARE)
      .map((runner) => oneByOne(bench, runner, unmade, kind, looks.get(runner.name)?.quality ?? 70)),
  ];
  const title = titleOf(kind);
  const samples = await alternate(contenders, Math.min(ROUNDS, bench.rounds), (round) =>
    bench.tell(`${title}, one at a time, round ${round}`),
  );
  return { table: tableOf(title, samples, looks), targets: targetsOf(kind, samples, looks) };
}

const ROUNDS = 8;
const SHARP = "bare sharp, imgproxy's settings";

// --- contenders ---

/** Each photograph once. */
function oneByOne(
  { keys }: Bench,
  { name, process, urlOf, rounds }: Runner,
  unmade: Unmade,
  kind: Kind,
  quality: number,
): Contender {
  let round = 0;
  return {
    name,
    run: async (): Promise<Measured> => {
      round += 1;
      if (round > rounds) return {};
      const [before, began] = [process?.cpuMs(), performance.now()];
      for (const _ of keys) await bodyOf(urlOf({ ...unmade.next(name, kind), quality }));
      const wallMs = (performance.now() - began) / keys.length;
      if (process === undefined || before === undefined) return { wallMs };
      return { wallMs, cpuMs: (process.cpuMs() - before) / keys.length };
    },
  };
}

/** The yardstick: no server, one thread. */
function inProcess({ photos, keys }: Bench, unmade: Unmade, kind: Kind, quality: number): Contender {
  return {
    name: SHARP,
    run: async (): Promise<Measured> => {
      const threads = sharp.concurrency();
      sharp.concurrency(1);
      const [cpu, began] = [process.cpuUsage(), performance.now()];
      for (const _ of keys) await encodeAsImgproxy(photos, { ...unmade.next(SHARP, kind), quality });
      const { user, system } = process.cpuUsage(cpu);
      sharp.concurrency(threads);
      return {
        wallMs: (performance.now() - began) / keys.length,
        cpuMs: (user + system) / 1000 / keys.length,
      };
    },
  };
}

// --- what it says ---

/** Bounds of wall and CPU time ÷ bare sharp, and of bytes at equal score. */
const bounds: Readonly<Record<Kind["format"], { readonly times: number; readonly bytes: number }>> = {
  jpg: { times: 1.3, bytes: 0.95 },
  webp: { times: 1.1, bytes: 1 },
  avif: { times: 1.3, bytes: 1 },
  png: { times: 1.3, bytes: 1 },
};

function tableOf(
  title: string,
  samples: ReadonlyMap<string, Samples>,
  looks: ReadonlyMap<string, Look>,
): Table {
  const [wall, cpu] = [leastOf(samples, SHARP, "wallMs"), leastOf(samples, SHARP, "cpuMs")];
  return {
    title: `One new image at a time: ${title}`,
    head: [
      "",
      "wall ms",
      "÷ bare",
      "CPU ms",
      "÷ bare",
      "its q",
      "KB",
      "SSIMULACRA2",
      "bytes of ours ÷ its, at equal score",
    ],
    rows: [...samples.keys()].map((name) => {
      const look = looks.get(name === SHARP ? BARE : name);
      const [ownWall, ownCpu] = [leastOf(samples, name, "wallMs"), leastOf(samples, name, "cpuMs")];
      return [
        name,
        ownWall,
        ownWall / wall,
        ownCpu,
        ownCpu / cpu,
        String(look?.quality ?? ""),
        (look?.bytes ?? Number.NaN) / 1024,
        look?.score ?? Number.NaN,
        look?.oursToIts ?? Number.NaN,
      ];
    }),
  };
}

function targetsOf(
  kind: Kind,
  samples: ReadonlyMap<string, Samples>,
  looks: ReadonlyMap<string, Look>,
): Target[] {
  const { times, bytes } = bounds[kind.format];
  const ratio = (what: string): number => leastOf(samples, OURS, what) / leastOf(samples, SHARP, what);
  const claim = titleOf(kind);
  return [
    { claim: `${claim}: wall ÷ bare sharp`, measured: ratio("wallMs"), atMost: times },
    { claim: `${claim}: CPU ÷ bare sharp`, measured: ratio("cpuMs"), atMost: times },
    {
      claim: `${claim}: bytes ÷ bare sharp, at equal score`,
      measured: looks.get(BARE)?.oursToIts ?? Number.NaN,
      atMost: bytes,
    },
  ];
}

function leastOf(samples: ReadonlyMap<string, Samples>, name: string, what: string): number {
  return least(samples.get(name)?.[what] ?? []);
}
