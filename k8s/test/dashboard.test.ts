import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPrometheus, type Prometheus, startPrometheus } from "./prometheus.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(
  readFileSync(new URL("../components/monitoring/dashboard.json", import.meta.url), "utf8"),
);
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

/** Metrics that count only faults; a healthy server has no samples of them. */
const quietWhenWell = ["Not 200 or 304"];

describe.runIf(hasPrometheus())("the dashboard, over a real Prometheus that scrapes a real server", () => {
  let server: Program;
  let gc: Program;
  let prometheus: Prometheus;
  const cache = mkdtempSync(join(tmpdir(), "dashboard-"));

  beforeAll(async () => {
    server = await startProgram(["serve", "--source", `${root}/hugo-module/exampleSite/photos`], cache);
    for (const url of [
      "?img=worms.jpg&q=33&w=320",
      "?img=missing.jpg&q=33",
      "?img=worms.jpg&q=33&w=320",
      "?img=worms.jpg&q=40&w=320",
    ])
      await (await fetch(server.url + url, { headers: { accept: "image/webp" } })).arrayBuffer();
    gc = await startProgram(["gc", "--watch"], cache);
    prometheus = await startPrometheus({
      "imgproxy-lite-admin": [new URL(server.admin).host],
      "imgproxy-lite-gc-admin": [new URL(gc.admin).host],
    });
    // A rate needs two scrapes, with a change between them.
    for (let round = 0; round < 4; round++) {
      await (await fetch(`${server.url}?img=worms.jpg&q=${50 + round}&w=320`)).arrayBuffer();
      await (await fetch(`${server.url}?img=worms.jpg&q=33&w=320`)).arrayBuffer();
      await delay(1000);
    }
  });
  afterAll(async () => {
    server?.child.kill("SIGKILL");
    gc?.child.kill("SIGKILL");
    await prometheus?.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  test.each(queries)("%s: %s", async (title, expression) => {
    const samples = await prometheus.query(expression.replaceAll("$__rate_interval", "1m"));
    if (!quietWhenWell.includes(title)) expect(samples.length).toBeGreaterThan(0);
  });

  test("the hit rate on the dashboard is a share", async () => {
    const [hits] = queries.find(([title]) => title === "Answered from the cache")?.slice(1) ?? [];
    const [sample] = await prometheus.query((hits ?? "").replaceAll("$__rate_interval", "1m"));
    expect(sample).toMatchObject({ value: [expect.any(Number), expect.stringMatching(/^0\.\d+$|^1$/)] });
  });

  test("no alert would fire on a healthy server, and each expression is valid", async () => {
    const alerts = readFileSync(new URL("../components/monitoring/alerts.yaml", import.meta.url), "utf8");
    const { load } = await import("js-yaml");
    const { spec } = load(alerts) as { spec: { groups: [{ rules: { alert: string; expr: string }[] }] } };
    for (const { alert, expr } of spec.groups[0].rules)
      expect([alert, await prometheus.query(expr)]).toEqual([alert, []]);
  });
});

test("every panel of the dashboard says what it shows", () => {
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, description } of panels)
    expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
});

interface Program {
  readonly child: ChildProcess;
  readonly url: string;
  readonly admin: string;
}

async function startProgram(argv: readonly string[], cache: string): Promise<Program> {
  const child = spawn(process.execPath, [`${root}/bin/imgproxy-lite.js`, ...argv], {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ADMIN_PORT: "0", CACHE_DIR: cache },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const admin = /"admin":"([^"]+)"/.exec(text)?.[1];
    if (admin !== undefined) {
      child.stdout.resume();
      return { child, admin, url: /"url":"([^"]+)"/.exec(text)?.[1] ?? "" };
    }
  }
  throw new Error(`${argv[0]} ended: ${text}`);
}
