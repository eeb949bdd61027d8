import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../dev/machine/ports.ts";

/** Whether Prometheus is here, promtool with it; says so where it is not. In CI it has to be. */
export function hasPrometheus(): boolean {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") throw new Error("prometheus is not on PATH; .ci/run installs it");
    console.log("skipped: prometheus is not on PATH (Debian: apt-get install prometheus)");
    return false;
  }
}

export interface Prometheus {
  /** Samples that a query gives now. @throws Error with Prometheus' own words. */
  query(expression: string): Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

/** A real Prometheus that scrapes every second, by job and the addresses of its targets. */
export async function startPrometheus(
  jobs: Readonly<Record<string, readonly string[]>>,
): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), "prometheus-"));
  const { port } = await freePort();
  const scrapes = Object.entries(jobs).map(([job, targets]) => ({
    job_name: job,
    static_configs: [{ targets }],
  }));
  // JSON is YAML.
  const config = { global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: scrapes };
  writeFileSync(path.join(folder, "prometheus.yml"), JSON.stringify(config));
  const child = spawn(
    "prometheus",
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "inherit" },
  );
  const base = `http://127.0.0.1:${port}`;
  await untilReady(base, child);
  const targets = Object.values(jobs).flat().length;
  // It takes up its targets some seconds after its start.
  while ((await query(base, "up == 1")).length < targets) await delay(200);
  return {
    query: (expression) => query(base, expression),
    stop: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// --- HTTP API ---

async function query(base: string, expression: string): Promise<readonly unknown[]> {
  const response = await fetch(`${base}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const answer: unknown = await response.json();
  if (isAnswer(answer)) return answer.data.result;
  throw new Error(`${expression}: ${JSON.stringify(answer)}`);
}

function isAnswer(value: unknown): value is { readonly data: { readonly result: readonly unknown[] } } {
  if (typeof value !== "object" || value === null || !("data" in value)) return false;
  const { data } = value;
  return typeof data === "object" && data !== null && "result" in data && Array.isArray(data.result);
}

async function untilReady(base: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const ready = await fetch(`${base}/-/ready`).catch(() => undefined);
    if (ready?.ok) return;
    await delay(100);
  }
  throw new Error(`prometheus ended with ${child.exitCode}`);
}
