import type { IJob } from "kubernetes-models/batch/v1";
import type { IPod } from "kubernetes-models/v1";
import { beforeAll, describe, expect, test } from "vitest";
import { api, apply, clusterRuns, createNamespace, useNodes } from "./cluster.ts";
import { type Own, render } from "./render.ts";

const done = { status: 0, stderr: "" };
const names = ["imgproxy-lite-scan", "imgproxy-lite-edge"] as const;

describe.runIf(clusterRuns)("the Job of a publish", () => {
  beforeAll(async () => {
    await useNodes(8000);
  });

  test("the Job of a publish continues after more evictions than it may fail, and succeeds", async () => {
    // Fewer pods than are allowed: the controller doubles its wait before each new pod.
    const namespace = await publish({ patches: [noFailureAllowed] });
    await Promise.all(
      names.map(async (name) => {
        const pod = await runningPod(namespace, name);
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod } };
        await api.post(`${podsIn(namespace)}/${pod}/eviction`, eviction);
        await expect.poll(() => isRunning(namespace, pod)).toBe(false);
        await endWith(namespace, name, 0);
        await expect.poll(() => endOf(namespace, name)).toBe("Complete");
        expect((await jobOf(namespace, name)).status?.failed ?? 0).toBe(0);
      }),
    );
  });

  test("the Job of a publish is not retried when a photograph is missing, and is retried after other failures", async () => {
    const [missing, other] = [await publish(), await publish()];
    await Promise.all(
      names.map(async (name) => {
        await endWith(missing, name, 1);
        await expect.poll(() => endOf(missing, name)).toBe("Failed: PodFailurePolicy");
        await endWith(other, name, 3);
        await endWith(other, name, 0);
        await expect.poll(() => endOf(other, name)).toBe("Complete");
      }),
    );
  });

  test("the Job of a publish is refused when another commit is applied over it, as the guide says", async () => {
    const namespace = await publish();
    const next = render("argocd/publish", {
      namespace,
      commonAnnotations: { "imgproxy-lite/revision": "0a1b2c3" },
    });
    expect((await apply(next)).stderr).toContain("field is immutable");
  });
});

// --- Jobs ---

async function publish(own: Own = {}): Promise<string> {
  const namespace = await createNamespace();
  expect(await apply(render("argocd/publish", { ...own, namespace }))).toMatchObject(done);
  return namespace;
}

const noFailureAllowed = {
  target: { kind: "Job" },
  patch: JSON.stringify([{ op: "replace", path: "/spec/backoffLimit", value: 0 }]),
};

async function jobOf(namespace: string, name: string): Promise<IJob> {
  return await api.get(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`);
}

/** The condition with which the Job ended; empty while it runs. */
async function endOf(namespace: string, name: string): Promise<string | undefined> {
  const { conditions = [] } = (await jobOf(namespace, name)).status ?? {};
  const end = conditions.find(({ type, status }) => status === "True" && /^(Complete|Failed)$/.test(type));
  return end?.type === "Failed" ? `Failed: ${end.reason}` : end?.type;
}

// --- their pods ---

function podsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

async function runningPods(namespace: string, job: string): Promise<string[]> {
  const query = new URLSearchParams({ labelSelector: `batch.kubernetes.io/job-name=${job}` });
  const { items } = await api.get<{ readonly items: readonly IPod[] }>(`${podsIn(namespace)}?${query}`);
  const running = items.filter(({ metadata, status }) => {
    return status?.phase === "Running" && metadata?.deletionTimestamp === undefined;
  });
  return running.map(({ metadata }) => metadata?.name ?? "");
}

async function runningPod(namespace: string, job: string): Promise<string> {
  await expect.poll(() => runningPods(namespace, job)).toHaveLength(1);
  return (await runningPods(namespace, job))[0] ?? "";
}

async function isRunning(namespace: string, pod: string): Promise<boolean> {
  const { items } = await api.get<{ readonly items: readonly IPod[] }>(podsIn(namespace));
  return items.some(({ metadata, status }) => metadata?.name === pod && status?.phase === "Running");
}

/** A stage of stages.yaml: the one running pod ends with this exit code. */
async function endWith(namespace: string, job: string, exit: number): Promise<void> {
  const pod = await runningPod(namespace, job);
  await api.patch(`${podsIn(namespace)}/${pod}`, {
    metadata: { annotations: { "test/exit": String(exit) } },
  });
  await expect.poll(() => isRunning(namespace, pod)).toBe(false);
}
