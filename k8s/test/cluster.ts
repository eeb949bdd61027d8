import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { INode, IPersistentVolume, IPersistentVolumeClaim, IPod } from "kubernetes-models/v1";
import { expect, inject, onTestFinished } from "vitest";
import { createKubeClient, KubeError } from "../../dev/kubernetes/client.ts";
import { found } from "./objects.ts";
import type { KubeObject } from "./render.ts";

/** The result of a kubectl command. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  /** Warnings and errors of kubectl. */
  readonly stderr: string;
}

const cluster = inject("kubernetes");

/** Whether there is an API server. */
export const hasCluster: boolean = cluster !== null;

/** Whether there are controllers and nodes, so that pods really run. */
export const clusterRuns: boolean = cluster?.runs ?? false;

export const api = createKubeClient(cluster ?? { url: "", token: "", certificate: "" });

/** Runs kubectl as an administrator. */
export function kubectl(args: readonly string[], input = ""): Promise<Outcome> {
  return run("kubectl", args, input);
}

/** `kubectl apply`, without objects of kinds that this API server does not know. */
export async function apply(objects: readonly KubeObject[], ...options: readonly string[]): Promise<Outcome> {
  return await kubectl(["apply", "-f", "-", ...options], await known(objects));
}

/** `kubectl diff`: what another apply would change; exit code 0 if it would change nothing. */
export async function diff(objects: readonly KubeObject[], ...options: readonly string[]): Promise<Outcome> {
  return await kubectl(["diff", "-f", "-", ...options], await known(objects));
}

async function known(objects: readonly KubeObject[]): Promise<string> {
  const served = await Promise.all(
    objects.map(({ apiVersion }) => !apiVersion.includes(".") || exists(`/apis/${apiVersion}`)),
  );
  return listOf(objects.filter((_, index) => served[index]));
}

/** One text for kubectl's standard input, in a form that every version of it reads. */
export function listOf(objects: readonly KubeObject[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
}

/** Runs lines of the guide as an operator does. */
export function shell(script: string): Promise<Outcome> {
  return run("sh", ["-ec", script], "");
}

function run(command: string, args: readonly string[], input: string): Promise<Outcome> {
  const child = spawn(command, args, { env: { ...process.env, KUBECONFIG: cluster?.kubeconfig } });
  child.stdin.end(input);
  const outputs = [child.stdout, child.stderr].map(async (stream) => (await stream.toArray()).join(""));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", async (status) => {
      const [stdout = "", stderr = ""] = await Promise.all(outputs);
      resolve({ status, stdout, stderr });
    });
  });
}

/** A new namespace, created as in the guide and deleted after the test. */
export async function createNamespace(): Promise<string> {
  const name = `photos-${randomUUID().slice(0, 8)}`;
  const level = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  };
  await api.post("/api/v1/namespaces", { metadata: { name, labels: level } });
  onTestFinished(() => api.delete(`/api/v1/namespaces/${name}`));
  // In a cluster with controllers, a controller does this.
  if (!clusterRuns)
    await api.post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: "default" } });
  await expect.poll(() => exists(`/api/v1/namespaces/${name}/serviceaccounts/default`)).toBe(true);
  return name;
}

export async function exists(path: string): Promise<boolean> {
  return await api.get(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    },
  );
}

/** New nodes, one for each number of thousandths of a core; pods can run on no other node. @returns their names. */
export async function useNodes(...milliCores: readonly number[]): Promise<readonly string[]> {
  const { items } = await api.get<{ readonly items: readonly INode[] }>("/api/v1/nodes");
  for (const { metadata } of items)
    await api.patch(`/api/v1/nodes/${metadata?.name}`, { spec: { unschedulable: true } });
  const names = milliCores.map((_, index) => `node-${items.length + index}`);
  for (const [index, name] of names.entries()) {
    const room = { cpu: `${milliCores[index]}m`, memory: "64Gi", pods: "110", "ephemeral-storage": "100Gi" };
    const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": name };
    await api.post("/api/v1/nodes", {
      metadata: { name, labels },
      status: { allocatable: room, capacity: room },
    });
  }
  return names;
}

/** A volume for each claim that is applied, as a provisioner would create it. */
export async function provideVolumes(namespace: string, objects: readonly KubeObject[]): Promise<void> {
  const claims = objects.filter((object): object is KubeObject & IPersistentVolumeClaim => isClaim(object));
  for (const { metadata, spec } of claims) {
    const name = `${namespace}-${metadata.name}`;
    const volume: IPersistentVolume = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        capacity: { storage: found(spec?.resources?.requests?.storage, "a size") },
        accessModes: spec?.accessModes ?? [],
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace, name: metadata.name },
        hostPath: { path: `/nowhere/${name}` },
        ...(spec?.storageClassName !== undefined && { storageClassName: spec.storageClassName }),
      },
    };
    await api.post("/api/v1/persistentvolumes", volume);
    onTestFinished(() => api.delete(`/api/v1/persistentvolumes/${name}`));
  }
}

function isClaim(object: KubeObject): boolean {
  return object.kind === "PersistentVolumeClaim";
}

/** The pods of a namespace, server pods by default. */
export async function podsOf(namespace: string, component = "server"): Promise<readonly IPod[]> {
  const query = new URLSearchParams({ labelSelector: `app.kubernetes.io/component=${component}` });
  return (await api.get<{ readonly items: readonly IPod[] }>(`/api/v1/namespaces/${namespace}/pods?${query}`))
    .items;
}

/** Whether requests of readers go to this pod. */
export function isReady({ metadata, status }: IPod): boolean {
  const ready = status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True");
  return ready === true && metadata?.deletionTimestamp === undefined;
}

/** The smallest number of server pods that were ready at the same time, from now on. */
export async function watchReady(
  namespace: string,
): Promise<{ readonly lowest: () => number; stop(): void }> {
  const ready = new Map<string, boolean>();
  const now = (): number => [...ready.values()].filter(Boolean).length;
  let lowest = Number.POSITIVE_INFINITY;
  const ended = new AbortController();
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/component%3Dserver`;
  await api.watch<IPod>(
    path,
    ({ type, object }) => {
      ready.set(object.metadata?.uid ?? "", type !== "DELETED" && isReady(object));
      lowest = Math.min(lowest, now());
    },
    ended.signal,
  );
  // The pods that existed at the start became ready one after the other.
  lowest = now();
  onTestFinished(() => ended.abort());
  return { lowest: () => lowest, stop: () => ended.abort() };
}
