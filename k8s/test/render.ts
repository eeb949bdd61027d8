import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";

/** Everything that an operator can apply, by its folder under k8s/. */
export const overlays = ["overlays/rook-ceph", "overlays/s3", "overlays/single-node"] as const;
export const rendered = ["base", ...overlays, "argocd/publish"] as const;
export type Rendered = (typeof rendered)[number];

/** Components that a cluster can need in addition to an overlay, by folder under k8s/components/. */
export const components: readonly string[] = readdirSync(folderOf("components"));

/** An operator's own kustomization that is based on one of ours. */
export interface Own {
  readonly namespace?: string;
  readonly components?: readonly string[];
  readonly patches?: readonly object[];
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly images?: readonly object[];
  readonly configMapGenerator?: readonly object[];
}

/** Fields that every object of Kubernetes has. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Whether this machine has a kubectl whose kustomize knows components. If not, a line says so; in CI that is an error. */
export function hasKubectl(): boolean {
  try {
    execFileSync("kubectl", ["kustomize", folderOf("components/ingress")], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true")
      throw new Error("no kubectl of 1.21 or later is on PATH; .ci/run installs one");
    console.log("skipped: no kubectl of 1.21 or later is on PATH, so no manifest is rendered");
    return false;
  }
}

/** As `kubectl apply -k` would send it. */
export function render(folder: Rendered, own: Own = {}): KubeObject[] {
  const key = JSON.stringify([folder, own]);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const objects = parseObjects(renderText(folder, own));
  cache.set(key, objects);
  return objects;
}

/** The same as text. */
export function renderText(folder: Rendered, own: Own = {}): string {
  // kustomize accepts no absolute paths, and follows no link out of its folder.
  const work = realpathSync(mkdtempSync(join(tmpdir(), "kustomize-")));
  const ours = (name: string): string => relative(work, folderOf(name));
  try {
    const kustomization = {
      ...own,
      resources: [ours(folder)],
      components: (own.components ?? []).map((name) => ours(`components/${name}`)),
    };
    // JSON is YAML.
    writeFileSync(join(work, "kustomization.yaml"), JSON.stringify(kustomization));
    return execFileSync("kubectl", ["kustomize", work], { encoding: "utf8", maxBuffer: 2 ** 24 });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A file with one object or several, such as those of k8s/argocd/. */
export function parseObjects(yaml: string): KubeObject[] {
  return loadAll(yaml).map(parseObject);
}

function folderOf(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

const cache = new Map<string, KubeObject[]>();

function parseObject(value: unknown): KubeObject {
  if (isObject(value)) return value;
  throw new Error(`not an object of Kubernetes: ${JSON.stringify(value)}`);
}

function isObject(value: unknown): value is KubeObject {
  if (typeof value !== "object" || value === null) return false;
  if (!("apiVersion" in value && "kind" in value && "metadata" in value)) return false;
  const { apiVersion, kind, metadata } = value;
  if (typeof metadata !== "object" || metadata === null || !("name" in metadata)) return false;
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata.name === "string";
}
