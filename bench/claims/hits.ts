import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startFirst } from "../peers/first.ts";
import { ipxPath, startIpx } from "../peers/ipx.ts";
import { startNginx } from "../peers/nginx.ts";
import { startNodeHttp } from "../peers/node-http.ts";
import { browser, fetchImage, type Ours, pathOf, startOurs, versionOf } from "../peers/ours.ts";
import { type Bench, ifThere } from "../tools/bench.ts";
import { underLoad } from "../tools/load/http-run.ts";
import { loadTool } from "../tools/load/load.ts";
import {
  alternate,
  type Contender,
  joined,
  least,
  median,
  most,
  type Samples,
} from "../tools/measure/alternate.ts";
import { stopAll } from "../tools/measure/processes.ts";
import { barsOf } from "../tools/result/cpu-table.ts";
import type { Result, Table, Target } from "../tools/result/result.ts";

/** A variant of about 30 KB and one of about 300 KB from memory: the requests that readers send most. */
export async function hits(bench: Bench): Promise<Result> {
  const bySize = new Map<
    number,
    { readonly title: string; readonly samples: ReadonlyMap<string, Samples> }
  >();
  const variants = await findVariants(bench);
  for (let set = 1; set <= SETS; set++) {
    const ours = {
      silent: await startOurs({ ...bench, env: { LOG_LEVEL: "silent" } }),
      shipped: await startOurs(bench),
    };
    for (const [kilobytes, shown] of variants) {
      const contenders = await contendersFor(bench, ours, shown);
      const samples = await alternate(contenders, Math.ceil(bench.rounds / SETS), (round) =>
        bench.tell(`${kilobytes} KB, processes ${set} of ${SETS}, round ${round}`),
      );
      const before = bySize.get(kilobytes)?.samples ?? new Map();
      const title = `${Math.round(shown.body.byteLength / 1024)} KB`;
      bySize.set(kilobytes, { title, samples: joined(before, samples) });
    }
    await stopAll();
  }
  return {
    title: "Hits from memory",
    about: `One process each, 64 kept-alive connections of ${await loadTool()} for ${bench.seconds} s a run, ${bench.rounds} rounds in alternating order, over ${SETS} sets of processes: two processes of one program differ by up to a quarter, by compilation and memory layout. The number to compare is CPU a request: user and system time of the server and its children, minimum of all rounds. Requests a second depend on other load on the machine; the best round of each is compared.`,
    targets: [...bySize].flatMap(([kilobytes, { samples }]) => targetsOf(kilobytes, samples)),
    tables: [...bySize.values()].map(({ title, samples }) => tableOf(title, samples)),
    plot: {
      kind: "bars",
      unit: "µs CPU a request, 30 KB",
      bars: barsOf(bySize.get(30)?.samples ?? new Map(), "cpuMicroseconds"),
    },
  };
}

/** Number of sets of processes; each set starts all contenders again. */
const SETS = 4;

// --- what is asked for ---

interface Shown {
  readonly key: string;
  readonly width: number;
  readonly quality: number;
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * By kilobytes. Found with a server of its own: the contenders would still encode what was tried and left, and have more in
 * memory than each other.
 */
async function findVariants(bench: Bench): Promise<ReadonlyMap<number, Shown>> {
  const ours = await startOurs(bench);
  const found = new Map<number, Shown>();
  for (const kilobytes of [30, 300]) found.set(kilobytes, await findVariant(bench, ours, kilobytes));
  await stopAll();
  return found;
}

/** The response once it stays: in place of a large AVIF comes a WebP until it is made, in the background. */
async function fetchSettled(url: string): ReturnType<typeof fetchImage> {
  for (;;) {
    const image = await fetchImage(url);
    const { "cache-control": control = "", "cache-status": status = "" } = image.headers;
    if (control.includes("immutable") && status.endsWith("; hit")) return image;
    await sleep(200);
  }
}

/** The variant of the largest photograph whose size is nearest to the given bytes. */
async function findVariant(bench: Bench, ours: Ours, kilobytes: number): Promise<Shown> {
  const [key] = bench.keys;
  const version = await versionOf(ours, key);
  const candidates: Shown[] = [];
  for (const [width, quality] of kilobytes < 100 ? small : large) {
    const target = pathOf({ key, width, quality, version });
    const { body, headers } = await fetchSettled(ours.url + target);
    candidates.push({ key, width, quality, path: target, body, headers: ownHeaders(headers) });
  }
  const away = ({ body }: Shown): number => Math.abs(Math.log(body.byteLength / (kilobytes * 1024)));
  const [best] = candidates.sort((a, b) => away(a) - away(b));
  if (best === undefined) throw new Error("no variant could be made");
  return best;
}

const small = [480, 640, 800, 960].flatMap((width) => [40, 60].map((quality) => [width, quality] as const));
const large = [1600, 2048, 2400].flatMap((width) => [60, 80, 90].map((quality) => [width, quality] as const));

// Headers that node:http adds itself are not copied.
function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["date", "connection", "keep-alive"].includes(name)),
  );
}

// --- contenders ---

const NODE = "bare node:http";
const NGINX = "nginx, static file";
const SILENT = "imgproxy-lite, logs off";
const SHIPPED = "imgproxy-lite as shipped";

async function contendersFor(
  bench: Bench,
  ours: { readonly silent: Ours; readonly shipped: Ours },
  shown: Shown,
): Promise<Contender[]> {
  const files = path.join(bench.folder, `files-${shown.body.byteLength}`);
  await mkdir(files, { recursive: true });
  await writeFile(path.join(files, "image"), shown.body);
  const { headers } = shown;
  const node = await startNodeHttp({ ...bench, file: path.join(files, "image"), headers, from: "memory" });
  const nginx = await ifThere(bench, "nginx", () => startNginx(bench.folder, files, headers));
  for (const { url } of [ours.silent, ours.shipped]) await fetchSettled(url + shown.path);
  return [
    ...(nginx === undefined ? [] : [underLoad(bench, NGINX, nginx, ["/image"])]),
    underLoad(bench, NODE, node, [shown.path], { headers: browser }),
    underLoad(bench, SILENT, ours.silent, [shown.path], { headers: browser }),
    underLoad(bench, SHIPPED, ours.shipped, [shown.path], { headers: browser }),
    ...(await others(bench, shown)),
  ];
}

/** Other programs that make images on demand; each gets requests for the same variant as JPEG. */
async function others(bench: Bench, { key, width, quality }: Shown): Promise<Contender[]> {
  if (width > 1000) return [];
  const first = await ifThere(bench, "Flask and Pillow", () => startFirst(bench.folder, bench.photos));
  const ipx = await ifThere(bench, "ipx", () => startIpx(bench.folder, bench.photos, key));
  return [
    ...(first === undefined
      ? []
      : [
          underLoad(bench, "Flask, Pillow, waitress", first, [pathOf({ key, width, quality })], {
            connections: 8,
          }),
        ]),
    ...(ipx === undefined
      ? []
      : [
          underLoad(bench, "ipx (makes it again)", ipx, [ipxPath({ key, width, quality, format: "webp" })], {
            connections: 8,
          }),
        ]),
  ];
}

// --- what it says ---

function tableOf(body: string, samples: ReadonlyMap<string, Samples>): Table {
  const reference = least(samples.get(NODE)?.cpuMicroseconds ?? []);
  return {
    title: `${body}`,
    head: [
      "server",
      "CPU µs a request, least",
      "median",
      "× bare node:http",
      "requests/s, median",
      "best",
      "p99 ms, median",
    ],
    rows: [...samples].map(([name, { cpuMicroseconds = [], requestsPerSecond = [], p99Ms = [] }]) => [
      name,
      least(cpuMicroseconds),
      median(cpuMicroseconds),
      least(cpuMicroseconds) / reference,
      median(requestsPerSecond),
      most(requestsPerSecond),
      median(p99Ms),
    ]),
  };
}

function targetsOf(kilobytes: number, samples: ReadonlyMap<string, Samples>): Target[] {
  const cpu = (name: string): number => least(samples.get(name)?.cpuMicroseconds ?? []);
  // The best, like the minimum of CPU: a busy moment can only lower it.
  const rate = (name: string): number => most(samples.get(name)?.requestsPerSecond ?? []);
  const claim = `${kilobytes} KB:`;
  return [
    { claim: `${claim} CPU, logs off ÷ bare node:http`, measured: cpu(SILENT) / cpu(NODE), atMost: 1.5 },
    { claim: `${claim} CPU, as shipped ÷ bare node:http`, measured: cpu(SHIPPED) / cpu(NODE), atMost: 1.8 },
    {
      claim: `${claim} requests/s, logs off ÷ nginx`,
      measured: rate(SILENT) / rate(NGINX),
      atLeast: kilobytes < 100 ? 0.55 : 0.9,
    },
  ];
}
