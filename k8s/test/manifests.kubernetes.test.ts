import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { api, apply, clusterRuns, createNamespace, diff, hasCluster, kubectl, useNodes } from "./cluster.ts";
import { workloads } from "./objects.ts";
import { components, type KubeObject, overlays, parseObjects, render } from "./render.ts";

/** Nothing on stderr, where warnings and errors are. */
const quiet = { status: 0, stderr: "" };

/** Everything that an operator can apply: whole folders and, for a component, what it adds or changes. */
function everything(): readonly (readonly KubeObject[])[] {
  const base = new Set(render("base").map((object) => JSON.stringify(object)));
  return [
    ...(["base", ...overlays, "argocd/publish"] as const).map((folder) => render(folder)),
    ...components.map((component) =>
      render("base", { components: [component] }).filter((object) => !base.has(JSON.stringify(object))),
    ),
    render("argocd/publish", { components: ["node-local-dns"] }),
  ];
}

describe.runIf(hasCluster)(
  "every base, overlay, component and publish, where Pod Security's restricted level is enforced",
  () => {
    beforeAll(async () => {
      if (clusterRuns) await useNodes(64_000);
    });

    test.each([
      { way: "by kubectl", options: [] },
      { way: "by the server itself, as Argo CD does it", options: ["--server-side"] },
    ])(
      "manifests are applied $way without a warning, and a second time without a change",
      async ({ options }) => {
        // It is the only object without a namespace, and the two ways of applying would conflict over it.
        onTestFinished(async () => void (await kubectl(["delete", "storageclass", "--all"])));
        const objects = (await Promise.all(everything().map(intoNamespace))).flat();
        expect(await apply(objects, "--dry-run=server", ...options)).toMatchObject(quiet);
        expect(await apply(objects, ...options)).toMatchObject(quiet);
        const again = await apply(objects, ...options);
        expect(again).toMatchObject(quiet);
        expect(changesIn(again.stdout)).toEqual([]);
        expect(await diff(objects, ...options)).toEqual({ ...quiet, stdout: "" });
      },
    );

    test("no pod of the manifests is refused", async () => {
      const namespace = await createNamespace();
      const pods = [
        ...workloads("base"),
        ...overlays.flatMap((folder) => workloads(folder)),
        ...workloads("argocd/publish"),
      ];
      expect(pods.length).toBeGreaterThan(5);
      for (const { name, labels, spec } of pods) await admit(namespace, { metadata: { name, labels }, spec });
      const root = { metadata: { name: "root" }, spec: { containers: [{ name: "root", image: "root" }] } };
      await expect(admit(namespace, root)).rejects.toThrow("violates PodSecurity");
    });
  },
);

describe.runIf(hasCluster)("an Application of Argo CD", () => {
  test.each(["proxy.yaml", "blog.yaml"])(
    "the Application in %s is applied without a warning, and a second time without a change",
    async (file) => {
      const text = readFileSync(new URL(`../argocd/${file}`, import.meta.url), "utf8");
      const objects = await intoNamespace(parseObjects(text));
      expect(await apply(objects, "--dry-run=server")).toMatchObject(quiet);
      expect(await apply(objects)).toMatchObject(quiet);
      expect(changesIn((await apply(objects)).stdout)).toEqual([]);
      expect(await diff(objects)).toEqual({ ...quiet, stdout: "" });
    },
  );
});

/** Objects in a new namespace instead of their own. */
async function intoNamespace(objects: readonly KubeObject[]): Promise<KubeObject[]> {
  expect(objects).not.toEqual([]);
  const namespace = await createNamespace();
  return objects.map((object) =>
    object.kind === "StorageClass" ? object : { ...object, metadata: { ...object.metadata, namespace } },
  );
}

/** The objects that an apply reports as changed. A server-side apply reports every object as applied. */
function changesIn(stdout: string): string[] {
  // kubectl always sends the selector of a disruption budget, although nothing changes: `diff` shows that.
  return stdout.match(/^(?!poddisruptionbudget).* (created|configured)$/gm) ?? [];
}

/** @throws KubeError if the pod would not be admitted. */
async function admit(namespace: string, pod: object): Promise<void> {
  await api.post(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
}
