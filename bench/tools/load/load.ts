import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { number } from "../outside.ts";
import { builtProgram } from "../paths.ts";

/** A load: some connections that each send the next request after a response. */
export interface Load {
  /** Without a slash at the end. */
  readonly url: string;
  /** Paths with queries, requested in turn. */
  readonly paths: readonly [string, ...string[]];
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Folder for a script file. */
  readonly folder: string;
}

export interface Answered {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Responses other than 2xx, and broken connections. */
  readonly failures: number;
}

/** With wrk if it is installed, otherwise with a bundled client; both are one process with one thread. */
export async function runLoad(load: Load): Promise<Answered> {
  return (await hasWrk()) ? await runWrk(load) : await runClient(load);
}

export async function loadTool(): Promise<string> {
  return (await hasWrk()) ? "wrk" : "the bundled client";
}

// --- wrk ---

const run = promisify(execFile);
let wrk: Promise<boolean> | undefined;

function hasWrk(): Promise<boolean> {
  // wrk prints its version and exits with 1; without wrk there is no exit code.
  wrk ??= run("wrk", ["-v"]).then(
    () => true,
    (error: { code?: unknown }) => typeof error.code === "number",
  );
  return wrk;
}

async function runWrk({ url, paths, headers = {}, connections, seconds, folder }: Load): Promise<Answered> {
  const script = path.join(folder, "load.lua");
  await writeFile(script, luaOf(paths));
  const { stdout } = await run(
    "wrk",
    [
      ...["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script],
      ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      url,
    ],
    { maxBuffer: 2 ** 22 },
  );
  const line = stdout.split("\n").findLast((one) => one.startsWith("result "));
  const [requests, microseconds, p50, p99, failures] = (line ?? "").split(" ").slice(1).map(Number);
  return {
    requests: number(requests),
    requestsPerSecond: (1e6 * number(requests)) / number(microseconds),
    p50Ms: number(p50) / 1000,
    p99Ms: number(p99) / 1000,
    failures: number(failures),
  };
}

function luaOf(paths: readonly string[]): string {
  return `local paths = {\n${paths.map((one) => JSON.stringify(one)).join(",\n")}\n}
local requests, next = {}, 0
function init(args)
  for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
function done(summary, latency)
  local e = summary.errors
  print(string.format("result %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

// --- the bundled client ---

async function runClient(load: Load): Promise<Answered> {
  const client = builtProgram("tools", "load", "client");
  const { stdout } = await run(process.execPath, [client, JSON.stringify(load)]);
  const read: unknown = JSON.parse(stdout);
  const field = (name: string): number =>
    number(typeof read === "object" && read !== null ? Reflect.get(read, name) : undefined);
  return {
    requests: field("requests"),
    requestsPerSecond: field("requestsPerSecond"),
    p50Ms: field("p50Ms"),
    p99Ms: field("p99Ms"),
    failures: field("failures"),
  };
}
