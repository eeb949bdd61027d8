import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { createKubeClient } from "../kubernetes/client.ts";
import { type Kubernetes, startKubernetes } from "../kubernetes/cluster.ts";
import { downloadDefinitions } from "../kubernetes/definitions.ts";
import { missingPrograms } from "../kubernetes/programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `inject("kubernetes")` in a `*.kubernetes.test.ts`; null if this machine has no API server. */
    readonly kubernetes: Kubernetes | null;
  }
}

/** Global setup of `npm run test:kubernetes`: one cluster for all suites, gone when they end. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const missing = missingPrograms(process.env.PATH ?? "");
  if (missing.core.length > 0) {
    console.log(
      `skipped: neither KUBEBUILDER_ASSETS nor PATH has ${missing.core.join(", ")} (CONTRIBUTING.md)`,
    );
    project.provide("kubernetes", null);
    return undefined;
  }
  const controllers = missing.controllers.length === 0;
  if (!controllers)
    console.log(`skipped: what objects do; ${missing.controllers.join(", ")} not found (CONTRIBUTING.md)`);
  const definitions = await downloadDefinitions();
  for (const what of definitions.missing) console.log(`skipped: objects of ${what}`);
  const { cluster, stop } = await startKubernetes({ controllers });
  try {
    await define(cluster, definitions.files);
  } catch (cause) {
    await stop();
    throw cause;
  }
  project.provide("kubernetes", cluster);
  return stop;
}

interface List {
  readonly items: readonly Definition[];
}

interface Definition {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function define(cluster: Kubernetes, files: readonly string[]): Promise<void> {
  const named = files.flatMap((file) => ["-f", file]);
  // Server-side: the annotation of a client-side apply is too small for large objects.
  const args = ["--kubeconfig", cluster.kubeconfig, "apply", "--server-side", ...named];
  await promisify(execFile)("kubectl", args);
  const api = createKubeClient(cluster);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  while (!(await api.get<List>(path)).items.every(isEstablished)) await sleep(100);
}

function isEstablished({ status }: Definition): boolean {
  return status?.conditions?.some((one) => one.type === "Established" && one.status === "True") ?? false;
}
