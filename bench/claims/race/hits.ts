import { writeFile } from "node:fs/promises";
import path from "node:path";
import { startNginx } from "../../peers/nginx.ts";
import { startNodeHttp } from "../../peers/node-http.ts";
import { browser, fetchImage, pathOf, startOurs, versionOf } from "../../peers/ours.ts";
import { type Bench, ifThere } from "../../tools/bench.ts";
import { underLoad } from "../../tools/load/http-run.ts";
import { alternate, least, median, most, type Samples } from "../../tools/measure/alternate.ts";
import type { Started } from "../../tools/measure/processes.ts";
import { digits, type Table, type Target } from "../../tools/result/result.ts";
import type { Look } from "./equal-look.ts";
import { CONNECTIONS } from "./rates.ts";
import { BARE, OURS, type Runner, type Runners } from "./runners.ts";
import { QUALITY } from "./variants.ts";

const WIDTH = 800;
const FORMAT = "webp";
const ROUNDS = 3;

/** The same image again and again: with `v` in its URL, as pages have it, and without, as people type it. */
export async function raceHits(
  bench: Bench,
  { ours, all }: Runners,
  bucketUrl: string,
  looks: ReadonlyMap<string, Look>,
): Promise<{ readonly table: Table; readonly targets: readonly Target[] }> {
  const [key] = bench.keys;
  const variant = { key, width: WIDTH, quality: QUALITY, format: FORMAT } as const;
  const bucket = await startOurs({ ...bench, photos: `${bucketUrl}/` });
  const versions = { folder: await versionOf(ours, key), bucket: await versionOf(bucket, key) };
  const urls = [
    { name: WITH, server: ours, path: pathOf({ ...variant, version: versions.folder }) },
    { name: WITHOUT, server: ours, path: pathOf(variant) },
    { name: BUCKET_WITH, server: bucket, path: pathOf({ ...variant, version: versions.bucket }) },
    { name: BUCKET_WITHOUT, server: bucket, path: pathOf(variant) },
    ...(await fixed(bench, `${ours.url}${pathOf({ ...variant, version: versions.folder })}`)),
    ...all
      .filter(({ name }) => name !== OURS && name !== BARE)
      .map((runner) => asServer(runner, { ...variant, quality: looks.get(runner.name)?.quality ?? QUALITY })),
  ];
  for (const { server, path } of urls) await fetchImage(server.url + path);
  const measured: ReadonlyMap<string, Samples>[] = [];
  for (const connections of CONNECTIONS) {
    const contenders = urls.map(({ name, server, path }) =>
      underLoad(bench, name, server, [path], { headers: browser, connections }),
    );
    const samples = await alternate(contenders, Math.min(ROUNDS, bench.rounds), (round) =>
      bench.tell(`hits, ${connections} connections, round ${round}`),
    );
    measured.push(samples);
  }
  await bucket.stop();
  const many = measured.at(-1) ?? new Map();
  const ratio = (one: string, other: string): number =>
    least(many.get(one)?.cpuMicroseconds ?? []) / least(many.get(other)?.cpuMicroseconds ?? []);
  return {
    table: tableOf(
      urls.map(({ name }) => name),
      measured,
    ),
    targets: [
      { claim: "hit, folder: CPU without v ÷ with v", measured: ratio(WITHOUT, WITH), atMost: 1.3 },
      {
        claim: "hit, HTTP source: CPU without v ÷ with v",
        measured: ratio(BUCKET_WITHOUT, BUCKET_WITH),
        atMost: 1.3,
      },
    ],
  };
}

const WITH = `${OURS}, folder, with v`;
const WITHOUT = `${OURS}, folder, without v`;
const BUCKET_WITH = `${OURS}, HTTP source, with v`;
const BUCKET_WITHOUT = `${OURS}, HTTP source, without v`;

interface Raced {
  readonly name: string;
  readonly server: Pick<Started, "url" | "cpuMs">;
  readonly path: string;
}

/** The same body from programs that only have to send it. */
async function fixed(bench: Bench, url: string): Promise<Raced[]> {
  const { body, headers } = await fetchImage(url);
  const file = path.join(bench.folder, "image");
  await writeFile(file, body);
  const node = await startNodeHttp({
    ...bench,
    file,
    headers: { "content-type": headers["content-type"] ?? "", "content-length": String(body.byteLength) },
    from: "memory",
  });
  const nginx = await ifThere(bench, "nginx", () => startNginx(bench.folder, bench.folder, {}));
  return [
    { name: "bare node:http", server: node, path: "/image" },
    ...(nginx === undefined ? [] : [{ name: "nginx, static file", server: nginx, path: "/image" }]),
  ];
}

function asServer(runner: Runner, variant: Parameters<Runner["urlOf"]>[0]): Raced {
  const url = new URL(runner.urlOf(variant));
  const server = { url: url.origin, cpuMs: () => runner.process?.cpuMs() ?? Number.NaN };
  return { name: runner.name, server, path: url.pathname + url.search };
}

function tableOf(names: readonly string[], measured: readonly ReadonlyMap<string, Samples>[]): Table {
  const by = CONNECTIONS.join(" / ");
  const cpu = (name: string): number => least(measured.at(-1)?.get(name)?.cpuMicroseconds ?? []);
  return {
    title: "Hits",
    head: [
      "",
      `requests/s at ${by} connections`,
      `p50 ms at ${by}`,
      `p99 ms at ${by}`,
      `CPU µs at ${CONNECTIONS.at(-1)}`,
      "÷ ours with v",
    ],
    rows: names.map((name) => {
      const each = (what: string, of: (values: readonly number[]) => number): string =>
        measured.map((samples) => digits(of(samples.get(name)?.[what] ?? []))).join(" / ");
      return [
        name,
        each("requestsPerSecond", most),
        each("p50Ms", median),
        each("p99Ms", median),
        cpu(name),
        cpu(name) / cpu(WITH),
      ];
    }),
  };
}
