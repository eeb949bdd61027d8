import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import {
  api,
  apply,
  clusterRuns,
  createNamespace,
  exists,
  isReady,
  kubectl,
  listOf,
  podsOf,
  provideVolumes,
  shell,
  useNodes,
} from "./cluster.ts";
import { found } from "./objects.ts";
import { type KubeObject, type Own, type Rendered, render } from "./render.ts";

const done = { status: 0, stderr: "" };
const guide = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe.runIf(clusterRuns)("what the guide says of", () => {
  test("removing a release as in the guide keeps the namespace and other programs in it", async () => {
    const namespace = await createNamespace();
    const objects = render("overlays/s3", { namespace });
    await api.post(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: "of-another" } });
    expect(await apply(objects)).toMatchObject(done);
    expect(await remove(objects)).toMatchObject(done);
    expect(await exists(`/api/v1/namespaces/${namespace}/configmaps/of-another`)).toBe(true);
    const { status } = await api.get<{ readonly status: object }>(`/api/v1/namespaces/${namespace}`);
    expect(status).toEqual({ phase: "Active" });
  });

  test("changing the overlay as in the guide deletes the old one, and only the new one is there", async () => {
    await useNodes(8000);
    const namespace = await createNamespace();
    const [before, after] = (["overlays/s3", "overlays/single-node"] as const).map((folder) =>
      render(folder, { namespace }),
    );
    expect(await apply(before ?? [])).toMatchObject(done);
    // An apply alone is refused.
    expect((await apply(after ?? [])).stderr).toContain("spec is immutable");
    expect(await remove(before ?? [])).toMatchObject(done);
    await provideVolumes(namespace, after ?? []);
    expect(await apply(after ?? [])).toMatchObject(done);
    await expect.poll(async () => (await podsOf(namespace)).filter(isReady)).toHaveLength(1);
    const kinds =
      "deployments,services,configmaps,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers";
    const mine = ["-n", namespace, "-l", "app.kubernetes.io/name=imgproxy-lite", "-o", "name"];
    const { stdout } = await kubectl(["get", kinds, ...mine]);
    const wanted = (after ?? []).filter(({ kind }) => !["Ingress", "PersistentVolumeClaim"].includes(kind));
    expect(stdout.trim().split("\n").map(nameOf).sort()).toEqual(
      wanted.map(({ metadata }) => metadata.name).sort(),
    );
  });

  test("keeping the old claim of the first imgproxy-lite as in the guide works, and the Service finds the new pods", async () => {
    await useNodes(8000);
    const namespace = await createNamespace();
    const old = oldRelease(namespace);
    await provideVolumes(namespace, old);
    // As if created by hand: its annotation of the last apply is missing.
    const { stderr } = await kubectl(["create", "-f", "-"], listOf(old));
    expect(stderr).toBe("");
    await expect.poll(() => phaseOf(namespace)).toBe("Bound");
    const { resources, patches } = blockAfter<Own & { resources: string[] }>("- **Claim**", "yaml");
    const folder = found(resources[0], "an overlay").replace("imgproxy-lite/k8s/", "") as Rendered;
    const { status } = await shell(
      blockText("- **Claim**", "sh").replaceAll("-n default", `-n ${namespace}`),
    );
    expect(status).toBe(0);
    const objects = render(folder, { namespace, patches: found(patches, "patches") });
    const applied = await apply(objects);
    // It was not created by an apply, and kubectl warns about that once.
    expect([applied.status, applied.stderr]).toEqual([
      0,
      expect.stringMatching(/^(Warning: resource .*\n)?$/),
    ]);
    await expect.poll(async () => (await podsOf(namespace)).filter(isReady)).toHaveLength(1);
    const endpoints = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    await expect
      .poll(async () => {
        const query = "labelSelector=kubernetes.io/service-name%3Dimgproxy-lite";
        const { items } = await api.get<{ items: { endpoints?: object[] }[] }>(`${endpoints}?${query}`);
        return items.flatMap((slice) => slice.endpoints ?? []).length;
      })
      .toBe(1);
  });
});

/** `kubectl delete -k`. */
async function remove(objects: readonly KubeObject[]) {
  return await kubectl(["delete", "-f", "-"], listOf(objects));
}

function nameOf(line: string): string {
  return line.slice(line.indexOf("/") + 1);
}

async function phaseOf(namespace: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/imgproxy-lite`;
  return (await api.get<IPersistentVolumeClaim>(path)).status?.phase;
}

/** The manifest that the guide describes, with a claim that differs from ours. */
function oldRelease(namespace: string): KubeObject[] {
  const labels = { app: "imgproxy-lite" };
  const metadata = { name: "imgproxy-lite", namespace };
  const claim = {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "standard",
    resources: { requests: { storage: "100Gi" } },
  };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  };
  const pod = { containers: [{ name: "app", image: "imgproxy-lite", securityContext }] };
  const deployment = (name: string) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  });
  return [
    Object.assign({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata }, { spec: claim }),
    Object.assign(
      { apiVersion: "v1", kind: "Service", metadata },
      { spec: { selector: labels, ports: [{ port: 5000 }] } },
    ),
    deployment("imgproxy-lite"),
    deployment("imgproxy-lite-gc"),
  ];
}

// --- blocks of the guide ---

function blockText(after: string, language: string): string {
  const [, text = ""] = guide.split(`\n${after}`);
  const [, block = ""] = new RegExp(`\n *\`\`\`${language}\n([^]*?)\n *\`\`\``).exec(text) ?? [];
  expect(block).not.toBe("");
  return block;
}

function blockAfter<Block>(after: string, language: string): Block {
  return load(blockText(after, language)) as Block;
}
