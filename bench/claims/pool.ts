import { readFileSync } from "node:fs";
import path from "node:path";
import type { Format } from "../../contract/formats.ts";
import { defaultOutputLimits } from "../../server/encode/child/choose-format.ts";
import { transform } from "../../server/encode/child/transform.ts";
import type { Output } from "../../server/encode/encoder.ts";
import { defaultLimits } from "../../server/encode/limits.ts";
import { createPool, type Pool } from "../../server/encode/pool/pool.ts";
import type { Bench } from "../tools/bench.ts";
import { alternate, least, type Measured, median, type Samples } from "../tools/measure/alternate.ts";
import { childrenOf } from "../tools/measure/cpu.ts";
import { leastOf } from "../tools/result/cpu-table.ts";
import type { Result, Table, Target } from "../tools/result/result.ts";

/** The cost of encoders that are processes and can be killed. */
export async function pool(bench: Bench): Promise<Result> {
  const original = readFileSync(path.join(bench.photos, bench.keys[0]));
  const pool = createPool({
    slots: { live: 1, warm: 1 },
    // A busy machine is no reason to fail.
    deadlineMs: { live: 600_000, warm: 600_000 },
  });
  try {
    const targets: Target[] = [];
    const tables: Table[] = [];
    for (const [width, format] of cases) {
      const output: Output = { width, class: format, quality: 60 };
      const title = `${format}, ${width} px`;
      const samples = await alternate(contendersFor(pool, original, output), bench.rounds, (round) =>
        bench.tell(`${title}, round ${round}`),
      );
      targets.push(targetOf(title, width, samples));
      tables.push(tableOf(title, samples));
    }
    const respawns: number[] = [];
    for (let round = 0; round < bench.rounds; round++) respawns.push(await respawnMs(pool));
    return {
      title: "Encoder processes",
      about: `The same job, by the same code: in this process, and in a child, with original and image sent through a pipe. One at a time; minimum of all rounds, three in a row each. Then a child is killed with SIGKILL; the time until another one answers is measured.`,
      targets: [
        ...targets,
        {
          claim: "SIGKILL to the answer of the next child",
          measured: least(respawns),
          atMost: 300,
          unit: " ms",
        },
      ],
      tables: [
        ...tables,
        {
          title: "After a SIGKILL",
          head: ["", "ms, least", "median"],
          rows: [["respawn", least(respawns), median(respawns)]],
        },
      ],
      plot: {
        kind: "bars",
        unit: "ms beyond the same job in this process",
        bars: targets.map(({ claim }, at) => ({
          name: claim.split(":")[0] ?? "",
          value: beyond(tables[at]),
          ours: true,
        })),
      },
    };
  } finally {
    pool.close();
  }
}

const unbounded = {
  limits: defaultLimits,
  outputLimits: defaultOutputLimits,
  memory: Number.MAX_SAFE_INTEGER,
};

const HERE = "in this process";
const CHILD = "in a child";
const cases: readonly (readonly [number, Format])[] = [
  [480, "jpg"],
  [1600, "webp"],
];

function contendersFor(pool: Pool, original: Uint8Array, output: Output) {
  const signal = new AbortController().signal;
  const outputs = [{ ...output, refused: {} }];
  return [
    {
      name: HERE,
      run: () => timed(() => drain(transform(original, { outputs, lane: "live", ...unbounded }))),
    },
    { name: CHILD, run: () => timed(() => drain(pool.encode(original, outputs, { lane: "live", signal }))) },
  ];
}

async function drain(outputs: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of outputs);
}

async function timed(work: () => Promise<void>): Promise<Measured> {
  const walls: number[] = [];
  for (let times = 0; times < 3; times++) {
    const began = performance.now();
    await work();
    walls.push(performance.now() - began);
  }
  return { wallMs: least(walls) };
}

function targetOf(title: string, width: number, samples: ReadonlyMap<string, Samples>): Target {
  const [here, child] = [leastOf(samples, HERE, "wallMs"), leastOf(samples, CHILD, "wallMs")];
  if (width < 800)
    return {
      claim: `${title}: wall beyond the same job in process`,
      measured: child - here,
      atMost: 3,
      unit: " ms",
    };
  return { claim: `${title}: wall ÷ the same job in process`, measured: child / here, atMost: 1.05 };
}

function tableOf(title: string, samples: ReadonlyMap<string, Samples>): Table {
  return {
    title,
    head: ["", "wall ms, least", "median"],
    rows: [...samples].map(([name, { wallMs = [] }]) => [name, least(wallMs), median(wallMs)]),
  };
}

function beyond(table: Table | undefined): number {
  const [here, child] = table?.rows.map((row) => Number(row[1])) ?? [];
  return (child ?? Number.NaN) - (here ?? Number.NaN);
}

// --- respawn ---

async function respawnMs(pool: Pool): Promise<number> {
  await pool.libraries();
  const { spawned } = pool.stats();
  for (const child of childrenOf(process.pid)) process.kill(child, "SIGKILL");
  const began = performance.now();
  while (pool.stats().spawned === spawned) await pool.libraries().catch(() => undefined);
  return performance.now() - began;
}
