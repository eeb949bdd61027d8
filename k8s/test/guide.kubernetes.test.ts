import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import type { IIngress, INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IConfigMap, IPersistentVolumeClaim, ISecret } from "kubernetes-models/v1";
import { describe, expect, onTestFinished, test } from "vitest";
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
import { type KubeObject, type Own, parseObjects, type Rendered, render } from "./render.ts";

const done = { status: 0, stderr: "" };
const guide = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe.runIf(clusterRuns)("what the guide says of", () => {
  test("an installation, step by step: all pods run the image that was chosen, and every Secret that they name exists", async () => {
    await useNodes(8000);
    const folder = operatorFolder();
    const install = sectionOf("## Install");
    onTestFinished(
      async () => void (await kubectl(["delete", "namespace", "imgproxy-lite", "--wait=false"])),
    );
    // An engine, a storage and containers that run are not here; everything else is run as it is written, in this order.
    for (const block of blocksOf(install, "sh").filter((text) => !/^(podman|aws) | exec /.test(text)))
      expect([block, await shell(`cd "${folder}"; ${block}`)]).toEqual([
        block,
        expect.objectContaining(done),
      ]);
    const objects = kustomize(folder, found(blocksOf(install, "yaml")[0], "a kustomization"));
    await provideVolumes("imgproxy-lite", objects);
    expect(await apply(objects)).toMatchObject(done);
    await expect.poll(async () => (await podsOf("imgproxy-lite")).filter(isReady)).toHaveLength(2);
    const pods = [...(await podsOf("imgproxy-lite")), ...(await podsOf("imgproxy-lite", "gc"))];
    const containers = pods.flatMap(({ spec }) => spec?.containers ?? []);
    expect(new Set(containers.map(({ image }) => image))).toEqual(
      new Set(["registry.example/imgproxy-lite:0.1.0"]),
    );
    const { items } = await api.get<{ items: ISecret[] }>("/api/v1/namespaces/imgproxy-lite/secrets");
    const secrets = items.map(({ metadata }) => metadata?.name);
    const volumes = pods.flatMap(({ spec }) => spec?.volumes ?? []);
    const { spec } = await api.get<IIngress>(
      "/apis/networking.k8s.io/v1/namespaces/imgproxy-lite/ingresses/imgproxy-lite",
    );
    const named = [...volumes.map(({ secret }) => secret?.secretName), spec?.tls?.[0]?.secretName];
    expect(secrets).toEqual(expect.arrayContaining([...new Set(named.filter(Boolean))]));
    expect([spec?.rules?.[0]?.host, spec?.tls?.[0]?.hosts]).toEqual([
      "images.my-blog.example",
      ["images.my-blog.example"],
    ]);
  });

  test("a MinIO in a private network: the servers get its address, and may connect to it", async () => {
    const namespace = await createNamespace();
    const block = found(blocksOf(sectionOf("## MinIO and other S3"), "yaml")[0], "a kustomization");
    const objects = kustomize(
      operatorFolder(),
      block.replace("namespace: imgproxy-lite", `namespace: ${namespace}`),
    );
    expect(await apply(objects)).toMatchObject(done);
    const settings = objects.find(({ metadata }) => metadata.name.startsWith("imgproxy-lite-server-")) as
      | IConfigMap
      | undefined;
    expect(settings?.data).toMatchObject({
      S3_ENDPOINT: "http://10.0.0.5:9000",
      S3_FORCE_PATH_STYLE: "on",
      SOURCE: "s3://photographs",
    });
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/imgproxy-lite`;
    const { spec } = await api.get<INetworkPolicy>(path);
    expect(spec?.egress).toContainEqual({
      to: [{ ipBlock: { cidr: "10.0.0.5/32" } }],
      ports: [{ port: 9000, protocol: "TCP" }],
    });
  });

  test("a scan's service account may forward a port to the servers, and read no Secret", async () => {
    const namespace = await createNamespace();
    const role = found(blocksOf(sectionOf("## Scans from outside"), "yaml")[0], "a Role");
    const objects = parseObjects(role.replace("namespace: imgproxy-lite", `namespace: ${namespace}`));
    expect(await apply(objects)).toMatchObject(done);
    const binding = ["create", "rolebinding", "publish", "--role=imgproxy-lite-publish", "-n", namespace];
    expect(await kubectl([...binding, `--serviceaccount=${namespace}:default`])).toMatchObject(done);
    const may = async (...what: readonly string[]) => {
      const as = `--as=system:serviceaccount:${namespace}:default`;
      return (await kubectl(["auth", "can-i", ...what, "-n", namespace, as])).stdout.trim();
    };
    const needed = [
      ["get", "services"],
      ["list", "pods"],
      ["get", "pods"],
      ["create", "pods", "--subresource=portforward"],
    ];
    // The API server learns of a new binding a moment after it has taken it.
    for (const what of needed) await expect.poll(() => may(...what), { message: what.join(" ") }).toBe("yes");
    for (const what of [
      ["get", "secrets"],
      ["create", "pods"],
      ["create", "pods", "--subresource=exec"],
    ])
      expect([what, await may(...what)]).toEqual([what, "no"]);
  });

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

// --- an operator's folder ---

/** A checkout beside the operator's own files, and the files that the guide's commands name. */
function operatorFolder(): string {
  // kustomize follows no link out of its folder.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "operator-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "imgproxy-lite"));
  cpSync(fileURLToPath(new URL("..", import.meta.url)), join(folder, "imgproxy-lite/k8s"), {
    recursive: true,
  });
  writeFileSync(join(folder, "key.txt"), "a secret key");
  const files = ["-keyout", join(folder, "privkey.pem"), "-out", join(folder, "fullchain.pem")];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=images.example", ...files];
  execFileSync("openssl", args, { stdio: "ignore" });
  return folder;
}

function kustomize(folder: string, kustomization: string): KubeObject[] {
  writeFileSync(join(folder, "kustomization.yaml"), kustomization);
  return parseObjects(
    execFileSync("kubectl", ["kustomize", folder], { encoding: "utf8", maxBuffer: 2 ** 24 }),
  );
}

// --- blocks of the guide ---

function sectionOf(heading: string): string {
  const [, section = ""] = guide.split(`\n${heading}`);
  return section.split("\n## ")[0] ?? "";
}

/** The blocks of one language, without the indent of their list. */
function blocksOf(section: string, language: string): string[] {
  return [...section.matchAll(new RegExp(`\n( *)\`\`\`${language}\n([\\s\\S]*?)\n *\`\`\``, "g"))].map(
    ([, indent = "", text = ""]) => text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

function blockText(after: string, language: string): string {
  const [, text = ""] = guide.split(`\n${after}`);
  const [, block = ""] = new RegExp(`\n *\`\`\`${language}\n([^]*?)\n *\`\`\``).exec(text) ?? [];
  expect(block).not.toBe("");
  return block;
}

function blockAfter<Block>(after: string, language: string): Block {
  return load(blockText(after, language)) as Block;
}
