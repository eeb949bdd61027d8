import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** CustomResourceDefinitions that operators add to an API server; this repository does not contain them. */
export interface Definitions {
  /** Files with CustomResourceDefinitions. */
  readonly files: readonly string[];
  /** Why a module cannot be downloaded, by module. */
  readonly missing: readonly string[];
}

/** Go modules, because their authors publish the definitions there, and most machines reach a Go proxy. */
const modules: Readonly<Record<string, readonly string[]>> = {
  "github.com/prometheus-operator/prometheus-operator@v0.85.0": [
    "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
  ],
  "github.com/argoproj/argo-cd/v3@v3.0.0": ["manifests/crds/application-crd.yaml"],
};

/** From Go's own cache; the first time takes seconds. */
export async function downloadDefinitions(): Promise<Definitions> {
  const files = [fileURLToPath(new URL("ceph-object-store-user.yaml", import.meta.url))];
  const missing: string[] = [];
  for (const [module, names] of Object.entries(modules))
    try {
      const folder = await download(module);
      files.push(...names.map((name) => join(folder, name)));
    } catch (error) {
      const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
      const [, reason = String(error)] = /"Error": "(.*)"/.exec(output) ?? [];
      missing.push(`${module}: ${reason}`);
    }
  return { files, missing };
}

async function download(module: string): Promise<string> {
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", module], {
    // Outside of this repository, which is a module itself.
    cwd: tmpdir(),
    timeout: 120_000,
  });
  const { Dir }: { readonly Dir: string } = JSON.parse(stdout);
  return Dir;
}
