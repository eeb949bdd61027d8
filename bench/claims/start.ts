import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { startNodeHttp } from "../peers/node-http.ts";
import { startOurs } from "../peers/ours.ts";
import type { Bench } from "../tools/bench.ts";
import { alternate } from "../tools/measure/alternate.ts";
import type { Started } from "../tools/measure/processes.ts";
import { projectRoot } from "../tools/paths.ts";
import { barsOf, leastOf } from "../tools/result/cpu-table.ts";
import { digits, type Result } from "../tools/result/result.ts";

/** Time from exec to `/readyz`, and the size of an installation. */
export async function start(bench: Bench): Promise<Result> {
  const file = path.join(bench.photos, bench.keys[0]);
  const s3 = {
    SOURCE: "s3://bucket",
    S3_ENDPOINT: "http://127.0.0.1:9",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
  };
  const starts: readonly (readonly [string, () => Promise<Started>])[] = [
    ["bare node:http", () => startNodeHttp({ ...bench, file, headers: {}, from: "memory" })],
    [FOLDER, () => startOurs(bench)],
    [S3, () => startOurs({ ...bench, env: s3 })],
  ];
  const contenders = starts.map(([name, begin]) => ({
    name,
    run: async () => {
      const started = await begin();
      const measured = { startMs: started.startMs, cpuMs: started.cpuMs() };
      await started.stop();
      return measured;
    },
  }));
  const samples = await alternate(contenders, Math.min(10, bench.rounds), (round) =>
    bench.tell(`round ${round}`),
  );
  const megabytes = await installedMegabytes(bench.folder);
  return {
    title: "Start",
    about:
      "From exec to the first 200 of `/readyz`, requested every 5 ms; minimum of all rounds, because a busy machine can only add to it. The installation is that of the image and of an installed package: `npm ci --omit=dev` in a checkout adds TypeScript, 31 MB, because valibot names it as an optional peer.",
    targets: [
      {
        claim: "exec to /readyz, folder",
        measured: leastOf(samples, FOLDER, "startMs"),
        atMost: 700,
        unit: " ms",
      },
      { claim: "exec to /readyz, S3", measured: leastOf(samples, S3, "startMs"), atMost: 700, unit: " ms" },
      { claim: "installed dependencies", measured: megabytes, atMost: 70, unit: " MB" },
    ],
    tables: [
      {
        title: "",
        head: ["", "ms to ready, least", "CPU ms, least"],
        rows: [...samples.keys()].map((name) => [
          name,
          digits(leastOf(samples, name, "startMs")),
          digits(leastOf(samples, name, "cpuMs")),
        ]),
      },
    ],
    plot: { kind: "bars", unit: "ms from exec to ready", bars: barsOf(samples, "startMs") },
  };
}

// --- parts ---

const FOLDER = "imgproxy-lite, folder";
const S3 = "imgproxy-lite, S3";
const run = promisify(execFile);

async function installedMegabytes(folder: string): Promise<number> {
  const tree = path.join(folder, "installed");
  await mkdir(tree);
  for (const name of ["package.json", "package-lock.json"])
    await copyFile(path.join(projectRoot, name), path.join(tree, name));
  await run("npm", ["pkg", "delete", "devDependencies"], { cwd: tree });
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: tree });
  const { stdout } = await run("du", ["-sk", path.join(tree, "node_modules")]);
  return Number(stdout.split("\t")[0]) / 1000;
}
