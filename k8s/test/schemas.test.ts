import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelOf } from "./models.ts";
import { components, hasKubectl, type KubeObject, parseObjects, render, rendered } from "./render.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const applications = ["proxy.yaml", "blog.yaml"].flatMap((file) =>
  parseObjects(readFileSync(`${root}/k8s/argocd/${file}`, "utf8")),
);

/** No package has the schema of these kinds. The fields are from Rook's own definition (v1.20). */
const rookFields = { CephObjectStoreUser: ["store", "clusterNamespace", "displayName", "opMask"] };

describe.runIf(hasKubectl())("what kustomize renders", () => {
  test("kustomize renders only objects that the API server accepts", () => {
    expect(everything().flatMap(problemsOf)).toEqual([]);
  });

  test("no field is misspelt, which the API server's schemas alone would not notice", () => {
    expect(typecheck(everything())).toEqual("");
  });

  test.each(rendered)("%s puts all its objects into its own namespace", (folder) => {
    const namespaces = render(folder)
      .filter(({ kind }) => kind !== "StorageClass")
      .map(({ metadata }) => metadata.namespace);
    expect(new Set(namespaces)).toEqual(new Set([folder === "argocd/publish" ? "blog" : "imgproxy-lite"]));
  });
});

test("the applications of Argo CD have fields that it accepts", () => {
  expect(applications.flatMap(problemsOf)).toEqual([]);
  expect(typecheck(applications)).toEqual("");
});

test("these tests find a wrong type, an unknown kind and a misspelt field", () => {
  const object = (spec: object, kind = "Service"): KubeObject =>
    Object.assign({ apiVersion: "v1", kind, metadata: { name: "x" } }, { spec });
  expect(problemsOf(object({ ports: "http" }))).toEqual([expect.stringContaining("ports must be array")]);
  expect(problemsOf(object({}, "Servise"))).toEqual([expect.stringContaining("no schema")]);
  expect(typecheck([object({ port: [] })])).toContain(`'"port"' does not exist`);
});

/** All overlays, and base with all components. */
function everything(): KubeObject[] {
  return [...rendered.flatMap((folder) => render(folder)), ...render("base", { components })];
}

function problemsOf(object: KubeObject): string[] {
  const name = `${object.apiVersion} ${object.kind} ${object.metadata.name}`;
  if (object.apiVersion === "ceph.rook.io/v1") return rookProblems(object);
  const found = modelOf(object);
  if (found === undefined) return [`${name}: no schema`];
  try {
    new found.model(object as never).validate();
    return [];
  } catch (error) {
    return [`${name}: ${String(error)}`];
  }
}

function rookProblems(object: KubeObject): string[] {
  const known = Object.entries(rookFields).find(([kind]) => kind === object.kind)?.[1] ?? [];
  const spec = "spec" in object && typeof object.spec === "object" ? Object.keys(object.spec ?? {}) : [];
  return spec.filter((field) => !known.includes(field)).map((field) => `${object.kind}: ${field}?`);
}

/** The compiler's errors for the objects, written as literals of the schemas' types. */
function typecheck(objects: readonly KubeObject[]): string {
  mkdirSync(`${root}/.cache`, { recursive: true });
  const folder = mkdtempSync(`${root}/.cache/manifests-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines = objects.flatMap((object) => {
    const found = modelOf(object);
    // The class sets these two itself, and accepts neither.
    const literal = JSON.stringify({ ...object, apiVersion: undefined, kind: undefined });
    return found === undefined ? [] : [`new (await import("${found.module}")).${object.kind}(${literal});`];
  });
  writeFileSync(`${folder}/objects.ts`, lines.join("\n"));
  const { stdout } = spawnSync(
    "npx",
    [
      "tsc",
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--types",
      "node",
      `${folder}/objects.ts`,
    ],
    { cwd: root, encoding: "utf8" },
  );
  return stdout;
}
