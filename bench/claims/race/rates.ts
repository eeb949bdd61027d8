import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { browser } from "../../peers/ours.ts";
import type { Bench } from "../../tools/bench.ts";
import {
  alternate,
  least,
  type Measured,
  median,
  most,
  type Samples,
} from "../../tools/measure/alternate.ts";
import { type Bar, digits, type Target } from "../../tools/result/result.ts";
import type { Look } from "./equal-look.ts";
import { BARE, OURS, type Runner, type Unmade } from "./runners.ts";
import { type Kind, QUALITY, titleOf } from "./variants.ts";

/** What a race of one kind of image adds to the page. */
export interface Rates {
  /** For {@link ratesHead}. */
  readonly rows: readonly (readonly (string | number)[])[];
  readonly targets: readonly Target[];
  /** Memory of ours at 8 connections. */
  readonly peakBytes: number;
  readonly bars: readonly Bar[];
}

export const CONNECTIONS = [1, 8, 32] as const;

const by = CONNECTIONS.join(" / ");
export const ratesHead: readonly string[] = [
  "",
  `images/s at ${by} connections`,
  `p50 ms at ${by}`,
  `p99 ms at ${by}`,
  "CPU ms at 8",
  "peak MiB at 8",
  `refused at ${by}`,
  "KB",
  "SSIMULACRA2",
];

/** New images of a kind by connections, with every connection's next request after its response. */
export async function raceRates(
  bench: Bench,
  runners: readonly Runner[],
  unmade: Unmade,
  kind: Kind,
  looks: ReadonlyMap<string, Look>,
): Promise<Rates> {
  const measured: ReadonlyMap<string, Samples>[] = [];
  for (const connections of CONNECTIONS) {
    // The two that the promise compares always run.
    const isSlow = (name: string): boolean =>
      name !== OURS && name !== BARE && measured.some((samples) => bestOf(samples, name, "rate") < SLOW);
    const contenders = runners.map((runner) => ({
      name: runner.name,
      run: inRounds(isSlow(runner.name) ? 0 : runner.rounds, (round) => {
        const quality = looks.get(runner.name)?.quality ?? QUALITY;
        const next = (): string => runner.urlOf({ ...unmade.next(runner.name, kind), quality });
        return load(runner, connections, next, round === 1);
      }),
    }));
    const samples = await alternate(contenders, Math.min(ROUNDS, bench.rounds), (round) =>
      bench.tell(`${titleOf(kind)}, ${connections} connections, round ${round}`),
    );
    measured.push(samples);
  }
  const at8 = measured[CONNECTIONS.indexOf(8)] ?? new Map();
  return {
    rows: runners.map(({ name }) => rowOf(`${titleOf(kind)}: ${name}`, name, measured, at8, looks.get(name))),
    targets: [
      {
        claim: `${titleOf(kind)}: new images/s at 8 connections ÷ bare libvips`,
        measured: bestOf(at8, OURS, "rate") / bestOf(at8, BARE, "rate"),
        atLeast: kind.format === "webp" ? 0.95 : 0.8,
      },
    ],
    peakBytes: bestOf(at8, OURS, "peakBytes"),
    bars: runners.map(({ name }) => ({
      name: `${titleOf(kind)}, ${name}`,
      value: bestOf(at8, name, "rate"),
      ours: name === OURS,
    })),
  };
}

const ROUNDS = 3;

/** Images a second: with more connections, such a program would take most of the time. */
const SLOW = 1.5;

function inRounds(rounds: number, run: (round: number) => Promise<Measured>): () => Promise<Measured> {
  let round = 0;
  return async () => {
    round += 1;
    return round > rounds ? {} : await run(round);
  };
}

// --- load ---

/** At most this many requests, and no new one after this time: every request is waited for, so that the next run starts on an idle machine. */
const requestsOf = (connections: number): number => (connections === 1 ? 24 : connections * 2 + 40);
const MOST_MS = 5_000;

/** @param isWatched its memory is: a look at it takes 12 ms of a core, so rates are better without. */
async function load(
  { process }: Runner,
  connections: number,
  next: () => string,
  isWatched: boolean,
): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let [left, refused, peakBytes] = [requestsOf(connections), 0, 0];
  const watch = (): void => {
    peakBytes = Math.max(peakBytes, process?.privateBytes() ?? Number.NaN);
  };
  const watching = isWatched ? setInterval(watch, 100) : undefined;
  const [cpu, began] = [process?.cpuMs(), performance.now()];
  const reader = async (): Promise<void> => {
    while (left > 0 && performance.now() - began < MOST_MS) {
      left -= 1;
      const sent = performance.now();
      if ((await statusOf(next(), agent)) === 200) {
        times.push(performance.now() - sent);
        continue;
      }
      refused += 1;
      left += 1;
      // A reader who is refused waits a little.
      await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: connections }, reader));
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watching);
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.ceil(share * times.length) - 1] ?? Number.NaN;
  return {
    rate: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    refused,
    ...(process !== undefined && cpu !== undefined && { cpuMs: (process.cpuMs() - cpu) / times.length }),
    ...(isWatched && { peakBytes }),
  };
}

function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: browser }, (answer) => {
      answer.on("end", () => resolve(answer.statusCode ?? 0)).on("error", reject);
      answer.resume();
    }).on("error", reject);
  });
}

// --- what it says ---

function rowOf(
  title: string,
  name: string,
  measured: readonly ReadonlyMap<string, Samples>[],
  at8: ReadonlyMap<string, Samples>,
  look: Look | undefined,
): (string | number)[] {
  const each = (what: string, of: (values: readonly number[]) => number): string =>
    measured.map((samples) => digits(of(samples.get(name)?.[what] ?? []))).join(" / ");
  return [
    title,
    each("rate", most),
    each("p50Ms", median),
    each("p99Ms", median),
    least(at8.get(name)?.cpuMs ?? []),
    bestOf(at8, name, "peakBytes") / 2 ** 20,
    measured.map((samples) => String(samples.get(name)?.refused?.at(-1) ?? "–")).join(" / "),
    (look?.bytes ?? Number.NaN) / 1024,
    look?.score ?? Number.NaN,
  ];
}

function bestOf(samples: ReadonlyMap<string, Samples>, name: string, what: string): number {
  return most(samples.get(name)?.[what] ?? []);
}
