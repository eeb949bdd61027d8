import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { PersistentVolumeClaim, Service } from "kubernetes-models/v1";
import { afterAll, describe, expect, test } from "vitest";
import { parseCommandLine } from "../../scan/commands/scan-options.ts";
import { type Config, loadConfig } from "../../server/config/load.ts";
import { settings } from "../../server/config/settings.ts";
import { CHILD_BYTES, ORDINARY_BYTES } from "../../server/encode/memory/encoder-memory.ts";
import { createAdmin } from "../../server/front/admin.ts";
import { metricDefinitions } from "../../server/telemetry/metric-definitions.ts";
import { createMetrics } from "../../server/telemetry/metrics.ts";
import { bytesOf, container, deployment, environmentOf, found, milliCoresOf, workloads } from "./objects.ts";
import { components, hasKubectl, overlays, type Rendered, render } from "./render.ts";

const secrets = mkdtempSync(join(tmpdir(), "secrets-"));
afterAll(() => rmSync(secrets, { recursive: true }));

/** Every process of every overlay, by the arguments that its container has. */
const processes = overlays.flatMap((folder) => {
  const names = folder === "overlays/single-node" ? ["imgproxy-lite"] : ["imgproxy-lite", "imgproxy-lite-gc"];
  return names.map((name) => [folder, name] as const);
});

describe.runIf(hasKubectl())("what manifests say to the program", () => {
  test.each(processes)("%s: %s gets only known variables, and values that it accepts", (folder, name) => {
    const program = name === "imgproxy-lite-gc" ? "gc" : "serve";
    const mine = Object.values(settings).filter((setting) => setting.for.includes(program));
    const known = new Set(
      mine.flatMap(({ name, secret }) => (secret === undefined ? [name] : [name, `${name}_FILE`])),
    );
    expect([...environmentOf(folder, name).keys()].filter((variable) => !known.has(variable))).toEqual([]);
    expect(() => configOf(folder, name)).not.toThrow();
  });

  test.each(processes)("%s: %s is probed on its own ports and paths", async (folder, name) => {
    const config = configOf(folder, name);
    const { ports = [], startupProbe, livenessProbe, readinessProbe } = container(folder, name);
    const port = (wanted: string) => ports.find((one) => one.name === wanted)?.containerPort;
    expect(port("admin")).toBe(config.adminPort);
    expect(port("http")).toBe(name === "imgproxy-lite" ? config.port : undefined);
    const metrics = createMetrics({ version: "0.0.0" });
    const admin = createAdmin({ metrics, ready: () => true });
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      if (probe === undefined) continue;
      expect(probe.httpGet?.port).toBe("admin");
      expect((await admin.fetch(new Request(`http://pod${probe.httpGet?.path}`))).status).toBe(200);
    }
    expect(found(livenessProbe, "a liveness probe").httpGet?.path).toBe("/livez");
  });

  test("liveness does not check what readiness checks: a draining pod is not killed for it", async () => {
    const draining = createAdmin({ metrics: createMetrics({ version: "0.0.0" }), ready: () => false });
    const { livenessProbe, readinessProbe } = container("base", "imgproxy-lite");
    const status = async (path: string | undefined) =>
      (await draining.fetch(new Request(`http://pod${path}`))).status;
    expect(await status(livenessProbe?.httpGet?.path)).toBe(200);
    expect(await status(readinessProbe?.httpGet?.path)).toBe(503);
  });

  test.each(["overlays/rook-ceph", "overlays/s3"] as const)(
    "%s: Prometheus finds the admin ports of both",
    async (folder) => {
      const [monitor] = render(folder).filter((object) => ServiceMonitor.is(object));
      const [endpoint] = monitor?.spec?.endpoints ?? [];
      const components = monitor?.spec?.selector.matchExpressions?.find(({ key }) =>
        key.endsWith("component"),
      )?.values;
      const scraped = render(folder)
        .filter((object) => Service.is(object))
        .filter(({ metadata }) =>
          components?.includes(metadata?.labels?.["app.kubernetes.io/component"] ?? ""),
        );
      expect(scraped.map(({ metadata }) => metadata?.name)).toEqual([
        "imgproxy-lite-admin",
        "imgproxy-lite-gc-admin",
      ]);
      for (const { spec } of scraped) expect(spec?.ports?.map(({ name }) => name)).toEqual([endpoint?.port]);
      const admin = createAdmin({ metrics: createMetrics({ version: "0.0.0" }), ready: () => true });
      expect((await admin.fetch(new Request(`http://pod${endpoint?.path}`))).status).toBe(200);
    },
  );

  test.each(processes)("%s: %s keeps its cache on the volume", (folder, name) => {
    const mount = container(folder, name).volumeMounts?.find((one) => one.name === "cache");
    expect(mount?.mountPath).toBe(configOf(folder, name).cacheDir);
  });

  test("the jobs of a publish pass options that scan accepts", () => {
    const jobs = workloads("argocd/publish").map(({ spec }) => found(spec.containers[0]?.args, "arguments"));
    expect(jobs).toHaveLength(2);
    for (const [program, ...argv] of jobs) {
      expect(program).toBe("scan");
      const words = argv.map((word) =>
        word.replace("$(PROXY)", "http://proxy/").replace(/\$\(\w+\)/g, "word"),
      );
      expect(() => parseCommandLine(words, {})).not.toThrow();
    }
  });
});

describe.runIf(hasKubectl())("figures that belong together", () => {
  test.each(overlays)("%s: one process sweeps, by the limits that the server knows", (folder) => {
    const server = configOf(folder, "imgproxy-lite");
    if (folder === "overlays/single-node") return expect(server.gcInterval).toBeGreaterThan(0);
    const gc = configOf(folder, "imgproxy-lite-gc");
    expect(server.gcInterval).toBe(0);
    expect(gc.gcInterval).toBeGreaterThan(0);
    expect([gc.cacheDir, gc.cacheMaxBytes, gc.cacheMaxFiles]).toEqual([
      server.cacheDir,
      server.cacheMaxBytes,
      server.cacheMaxFiles,
    ]);
  });

  test.each(overlays)("%s: the limit of the cache is at most four fifths of the claim", (folder) => {
    const [claim] = render(folder).filter((object) => PersistentVolumeClaim.is(object));
    const room = bytesOf(claim?.spec?.resources?.requests?.storage);
    expect(configOf(folder, "imgproxy-lite").cacheMaxBytes).toBeLessThanOrEqual(0.8 * room);
  });

  test.each(overlays)(
    "%s: the memory limit has room for all encoders, the memory cache, the server and the originals that wait",
    (folder) => {
      const config = configOf(folder, "imgproxy-lite");
      const mebi = 2 ** 20;
      const encoders = config.encoders + config.warmEncoders;
      // Each can grow by its threads' stacks above its reservation (memory-limit.ts); the server itself stays below
      // 200 MiB, and 128 MiB are for originals (service.ts).
      const needed = config.encoderMemory + encoders * 32 * mebi + config.hotCacheBytes + (200 + 128) * mebi;
      const limit = bytesOf(container(folder, "imgproxy-lite").resources?.limits?.memory);
      expect(limit).toBeLessThanOrEqual(2 * 1024 * mebi);
      expect(needed).toBeLessThan(0.9 * limit);
      // An ordinary image in every encoder at the same time.
      expect(config.encoderMemory).toBeGreaterThanOrEqual(encoders * (CHILD_BYTES + ORDINARY_BYTES));
    },
  );

  test.each(["overlays/rook-ceph", "overlays/s3"] as const)(
    "%s: readers make the autoscaler start pods, and a publish alone does not",
    (folder) => {
      const config = configOf(folder, "imgproxy-lite");
      const [scaler] = render(folder).filter((object) => HorizontalPodAutoscaler.is(object));
      const target = milliCoresOf(scaler?.spec?.metrics?.[0]?.resource?.target.averageValue);
      // The server's own share of a warm-up is a few hundredths of a core.
      expect(target).toBeGreaterThan(1000 * config.warmEncoders + 250);
      expect(target).toBeLessThan(1000 * config.encoders);
    },
  );

  test.each(overlays)(
    "%s: the grace period has room for the pause before the drain and for the drain",
    (folder) => {
      const config = configOf(folder, "imgproxy-lite");
      const { lifecycle, readinessProbe } = container(folder, "imgproxy-lite");
      const pause = found(lifecycle?.preStop?.sleep?.seconds, "a pause");
      const grace =
        deployment(folder, "imgproxy-lite").spec?.template.spec?.terminationGracePeriodSeconds ?? 0;
      expect(grace).toBeGreaterThanOrEqual(pause + config.drainTimeout / 1000 + 5);
      // Longer than a readiness probe needs to fail, in case endpoints change only after that.
      expect(pause).toBeGreaterThanOrEqual(
        (readinessProbe?.periodSeconds ?? 0) * (readinessProbe?.failureThreshold ?? 0),
      );
    },
  );

  test.each(overlays)("%s: the ingress waits longer than the server's own deadlines", (folder) => {
    const config = configOf(folder, "imgproxy-lite");
    const [ingress] = render(folder).filter((object) => Ingress.is(object));
    const notes = ingress?.metadata?.annotations ?? {};
    const seconds = (name: string) => Number.parseInt(found(notes[name], name), 10);
    // The original, three seconds in the queue, the encode, and a reserve.
    for (const family of ["nginx.org", "nginx.ingress.kubernetes.io"])
      expect(seconds(`${family}/proxy-read-timeout`)).toBeGreaterThan(
        config.sourceTimeout / 1000 + 3 + config.encodeTimeout / 1000 + 1,
      );
  });

  test.each(overlays)(
    "%s: originals stay in the bucket, and the server sees the reader's address behind the ingress",
    (folder) => {
      const config = configOf(folder, "imgproxy-lite");
      expect(config.originals).toBe("off");
      expect(environmentOf(folder, "imgproxy-lite").get("TRUSTED_PROXIES")).toContain("10.0.0.0/8");
    },
  );
});

describe.runIf(hasKubectl())("the guide", () => {
  const guide = readFileSync(new URL("../README.md", import.meta.url), "utf8").replace(/\s+/g, " ");

  test("the guide names every component that opens a flow", () => {
    const flows = components.filter(
      (name) => !["ingress", "monitoring", "publish-ingress", "s3-egress", "without-keys"].includes(name),
    );
    expect(flows.length).toBeGreaterThan(5);
    for (const name of flows) expect(guide).toContain(`| \`${name}\` |`);
  });

  test("the guide names the room that a quota must have during a rollout", () => {
    const [scaler] = render("overlays/s3").filter((object) => HorizontalPodAutoscaler.is(object));
    const servers = (scaler?.spec?.maxReplicas ?? 0) + 1;
    const cpu = (name: string) => milliCoresOf(container("overlays/s3", name).resources?.requests?.cpu);
    expect(guide).toContain(
      `${servers * cpu("imgproxy-lite") + cpu("imgproxy-lite-gc")}m CPU in requests, eight pods`,
    );
    expect(servers + 1).toBe(8);
    expect(guide).toContain(`CPU limit below ${cpu("imgproxy-lite")}m leaves no servers`);
    expect(guide).toContain(`smallest request above ${cpu("imgproxy-lite-gc")}m no GC`);
  });
});

describe("metrics that alerts and the dashboard name", () => {
  const known = new Set(
    Object.values(metricDefinitions).flatMap(({ name, type }) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
  test.each(["alerts.yaml", "dashboard.json"])("the metrics in %s exist", (file) => {
    const text = readFileSync(new URL(`../components/monitoring/${file}`, import.meta.url), "utf8");
    const named = new Set(text.match(/imgproxy_lite_[a-z_]+/g));
    expect(named.size).toBeGreaterThan(3);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  test("all metrics are on the dashboard", () => {
    const text = readFileSync(new URL("../components/monitoring/dashboard.json", import.meta.url), "utf8");
    expect(Object.values(metricDefinitions).filter(({ name }) => !text.includes(name))).toEqual([]);
  });
});

function configOf(folder: Rendered, name: string): Config {
  const [program, ...argv] = found(container(folder, name).args, "arguments");
  if (program !== "serve" && program !== "gc") throw new Error(`no program of the server's: ${program}`);
  const environment = [...environmentOf(folder, name)].map(([variable, value]) => [
    variable,
    variable.endsWith("_FILE") ? secretFile() : value,
  ]);
  return loadConfig(program, argv, Object.fromEntries(environment)).config;
}

/** Replaces a file that Kubernetes mounts. */
function secretFile(): string {
  const file = join(secrets, "secret");
  writeFileSync(file, "0123456789abcdef0123456789abcdef\n");
  return file;
}
