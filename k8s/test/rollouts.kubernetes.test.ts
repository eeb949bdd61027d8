import type { IConfigMap } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import { readRelease } from "../../dev/pages/release.ts";
import {
  api,
  apply,
  clusterRuns,
  createNamespace,
  exists,
  isReady,
  kubectl,
  podsOf,
  provideVolumes,
  useNodes,
  watchReady,
} from "./cluster.ts";
import { type KubeObject, type Own, type Rendered, render } from "./render.ts";

const done = { status: 0, stderr: "" };

describe.runIf(clusterRuns)("a rollout", () => {
  test.each([[[4000]], [[4000, 4000]], [[4000, 4000, 4000]]])(
    "a rollout on nodes of %j thousandths of a core ends, and two pods are ready all the time",
    async (nodes) => {
      await useNodes(...nodes);
      const namespace = await deploy("overlays/s3", 2);
      const ready = await watchReady(namespace);
      for (const release of ["0.2.0", "0.3.0"]) await rollOut(namespace, "overlays/s3", release);
      expect(ready.lowest()).toBe(2);
    },
  );

  test("a rollout never leaves readers without a pod while every node is drained, one after the other", async () => {
    const nodes = await useNodes(4000, 4000, 4000);
    const namespace = await deploy("overlays/rook-ceph", 2);
    const ready = await watchReady(namespace);
    const drained = (async () => {
      for (const node of nodes) {
        await drain(node);
        expect(await kubectl(["uncordon", node])).toMatchObject(done);
      }
    })();
    for (const release of ["0.2.0", "0.3.0", "0.4.0"])
      await rollOut(namespace, "overlays/rook-ceph", release);
    await drained;
    expect(ready.lowest()).toBeGreaterThanOrEqual(1);
    await expect.poll(() => countReady(namespace)).toBe(2);
  });

  test("a rollout of six servers ends within the quota that the guide names", async () => {
    await useNodes(8000);
    const namespace = await createNamespace();
    const hard = { "requests.cpu": "3550m", pods: "8", persistentvolumeclaims: "1" };
    await api.post(`/api/v1/namespaces/${namespace}/resourcequotas`, {
      metadata: { name: "room" },
      spec: { hard },
    });
    await deploy("overlays/s3", 2, namespace);
    await scaleToSix(namespace);
    await rollOut(namespace, "overlays/s3", "0.2.0");
    expect(await countReady(namespace)).toBe(6);
  });

  test("a rollout of a single node ends although a second pod would not fit", async () => {
    // A core without the share of the system's own pods.
    await useNodes(900);
    const namespace = await deploy("overlays/single-node", 1);
    for (const release of ["0.2.0", "0.3.0"]) await rollOut(namespace, "overlays/single-node", release);
    expect(await countReady(namespace)).toBe(1);
  });
});

test.runIf(clusterRuns)("three drains at once leave five of six pods", async () => {
  const nodes = await useNodes(2000, 2000, 2000, 2000, 2000, 2000);
  const namespace = await deploy("overlays/s3", 2);
  await scaleToSix(namespace);
  const ready = await watchReady(namespace);
  const used = new Set((await podsOf(namespace)).map(({ spec }) => spec?.nodeName));
  const three = nodes.filter((node) => used.has(node)).slice(0, 3);
  expect(three).toHaveLength(3);
  await Promise.all(three.map(drain));
  await expect.poll(() => ready.lowest()).toBe(5);
  await expect.poll(() => countReady(namespace)).toBe(6);
});

describe.runIf(clusterRuns)("a release that does not start", () => {
  test("a release that does not start leaves the old pods and their settings, also with pruning", async () => {
    await useNodes(8000, 8000);
    const namespace = await deploy("overlays/s3", 2);
    const ready = await watchReady(namespace);
    const [old] = await podsOf(namespace);
    const broken = render("overlays/s3", {
      namespace,
      configMapGenerator: [
        { name: "imgproxy-lite-server", behavior: "merge", literals: ["QUEUE_LIMIT=none"] },
      ],
      patches: [neverReady],
    });
    expect(await apply(broken)).toMatchObject(done);
    await expect.poll(async () => (await podsOf(namespace)).filter((pod) => !isReady(pod))).toHaveLength(1);
    await prune(namespace, broken);
    expect(await mapsThatAreMissing(namespace)).toEqual([]);
    // A node dies: the pod that replaces an old one finds the same volumes.
    await api.delete(`/api/v1/namespaces/${namespace}/pods/${old?.metadata?.name}`);
    await expect.poll(() => countReady(namespace)).toBe(2);
    expect(await mapsThatAreMissing(namespace)).toEqual([]);
    await expect.poll(() => ready.lowest()).toBe(1);
    await rollOut(namespace, "overlays/s3", "0.1.0");
    expect(await countReady(namespace)).toBe(2);
  });
});

// --- releases ---

/** Applies an overlay, in a new namespace by default, and waits for its server pods. */
async function deploy(folder: Rendered, pods: number, into?: string): Promise<string> {
  const namespace = into ?? (await createNamespace());
  const objects = render(folder, { namespace });
  await provideVolumes(namespace, objects);
  expect(await apply(objects)).toMatchObject(done);
  await expect.poll(() => countReady(namespace)).toBe(pods);
  return namespace;
}

async function rollOut(namespace: string, folder: Rendered, newTag: string): Promise<void> {
  const own: Own = { namespace, images: [{ name: readRelease().image, newTag }] };
  expect(await apply(render(folder, own))).toMatchObject(done);
  const status = ["rollout", "status", "deployment/imgproxy-lite", "--timeout=600s", "-n", namespace];
  expect(await kubectl(status)).toMatchObject(done);
}

/** Scales as the autoscaler would under load; there is no load here. */
async function scaleToSix(namespace: string): Promise<void> {
  const scaler = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/imgproxy-lite`;
  await api.patch(scaler, { spec: { minReplicas: 6 } });
  await expect.poll(() => countReady(namespace)).toBe(6);
}

/** A stage of stages.yaml: the pods start and are never ready. */
const neverReady = {
  target: { kind: "Deployment", name: "imgproxy-lite" },
  patch: JSON.stringify([
    { op: "add", path: "/spec/template/metadata/annotations/test~1never-ready", value: "yes" },
  ]),
};

async function countReady(namespace: string): Promise<number> {
  return (await podsOf(namespace)).filter(isReady).length;
}

async function drain(node: string): Promise<void> {
  const options = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=600s"];
  expect(await kubectl(["drain", node, ...options])).toMatchObject({ status: 0 });
}

// --- what prunes ---

/** Prunes like Argo CD and Flux: deletes objects that were once applied and are no longer wanted, unless their annotations forbid it. */
async function prune(namespace: string, wanted: readonly KubeObject[]): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const { items } = await api.get<{ readonly items: readonly IConfigMap[] }>(
    `${path}?labelSelector=app.kubernetes.io/part-of%3Dimgproxy-lite`,
  );
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of items) {
    const { "argocd.argoproj.io/sync-options": argo, "kustomize.toolkit.fluxcd.io/prune": flux } =
      metadata?.annotations ?? {};
    const kept = argo === "Prune=false" && flux === "disabled";
    if (!(kept || names.has(metadata?.name ?? ""))) await api.delete(`${path}/${metadata?.name}`);
  }
}

/** ConfigMaps that a pod needs for its environment and that do not exist. */
async function mapsThatAreMissing(namespace: string): Promise<string[]> {
  const containers = (await podsOf(namespace)).flatMap(({ spec }) => spec?.containers ?? []);
  const names = new Set(
    containers.flatMap(({ envFrom = [] }) => envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? [])),
  );
  expect(names.size).toBeGreaterThan(2);
  const missing: string[] = [];
  for (const name of names)
    if (!(await exists(`/api/v1/namespaces/${namespace}/configmaps/${name}`))) missing.push(name);
  return missing;
}
