import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { atFileEnd } from "../../server/test/support/file-end.ts";
import { forTests, type Pod, startPod } from "../../server/test/support/pod.ts";
import { temporaryFolder } from "../../server/test/support/temporary-folder.ts";
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

const atEnd = atFileEnd();

describe.runIf(hasPrometheus())("the dashboard, over a real Prometheus that scrapes a real server", () => {
  let server: Pod;
  let prometheus: Prometheus;

  beforeAll(async () => {
    // All that writes into it ends before it is deleted: the newest comes first.
    const cache = await temporaryFolder(atEnd);
    const settings = { SOURCE: `${root}/hugo-module/exampleSite/photos`, CACHE_DIR: cache };
    server = await startPod(settings, undefined, atEnd);
    for (const url of [
      "?img=worms.jpg&q=33&w=320",
      "?img=missing.jpg&q=33",
      "?img=worms.jpg&q=33&w=320",
      "?img=worms.jpg&q=40&w=320",
    ])
      await (await fetch(server.url + url, { headers: { accept: "image/webp" } })).arrayBuffer();
    const gc = await startSweeps(cache);
    prometheus = await startPrometheus({
      "imgproxy-lite-admin": [new URL(server.adminUrl).host],
      "imgproxy-lite-gc-admin": [new URL(gc).host],
    });
    atEnd(() => prometheus.stop());
  });

  let width = 320;
  /** After a miss and a hit more: a rate needs two scrapes, with a change between them. */
  const query = async (expression: string): Promise<readonly unknown[]> => {
    for (const query of [`q=50&w=${width++}`, "q=33&w=320"])
      await (await fetch(`${server.url}?img=worms.jpg&${query}`)).arrayBuffer();
    return prometheus.query(expression.replaceAll("$__rate_interval", "1m"));
  };
  const often = { interval: 300 };

  test.each(queries)("%s: %s", async (title, expression) => {
    if (quietWhenWell.includes(title)) await query(expression);
    else await expect.poll(() => query(expression), often).not.toEqual([]);
  });

  test("the hit rate on the dashboard is a share", async () => {
    const [hits = ""] = queries.find(([title]) => title === "Answered from the cache")?.slice(1) ?? [];
    const share = { value: [expect.any(Number), expect.stringMatching(/^0\.\d+$|^1$/)] };
    await expect.poll(() => query(hits), often).toMatchObject([share]);
  });

  test("no alert would fire on a healthy server, and each expression is valid", async () => {
    const alerts = readFileSync(new URL("../components/monitoring/alerts.yaml", import.meta.url), "utf8");
    const { load } = await import("js-yaml");
    const { spec } = load(alerts) as { spec: { groups: [{ rules: { alert: string; expr: string }[] }] } };
    // On a busy machine a scrape can be late, and the next one is not.
    for (const { alert, expr } of spec.groups[0].rules)
      await expect.poll(() => prometheus.query(expr), { ...often, message: alert }).toEqual([]);
  });
});

test("every panel of the dashboard says what it shows", () => {
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, description } of panels)
    expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
});

/** `gc --watch`. @returns its admin URL. */
async function startSweeps(cache: string): Promise<string> {
  const child = spawn(process.execPath, [`${root}/bin/imgproxy-lite.js`, "gc", "--watch"], {
    env: { PATH: process.env.PATH, ...forTests, CACHE_DIR: cache },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  atEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let text = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const admin = /"admin":"([^"]+)"/.exec(text)?.[1];
    if (admin === undefined) continue;
    child.stdout.resume();
    return admin;
  }
  throw new Error(`gc ended: ${text}`);
}
