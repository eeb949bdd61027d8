import { basename } from "node:path";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap, PersistentVolumeClaim, Service } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import { container, deployment, deployments, found, workloads } from "./objects.ts";
import { hasKubectl, overlays, render, rendered } from "./render.ts";

const replicated = ["overlays/rook-ceph", "overlays/s3"] as const;

describe.runIf(hasKubectl())("every pod", () => {
  test.each(rendered)(
    "the pods of %s may do nothing that Pod Security's restricted level forbids",
    (folder) => {
      expect(workloads(folder).flatMap(({ name, spec }) => restrictedProblems(name, spec))).toEqual([]);
    },
  );

  test.each(rendered)(
    "the pods of %s have a read-only root and limited room for temporary files",
    (folder) => {
      for (const { spec } of workloads(folder)) {
        for (const { securityContext } of [...(spec.initContainers ?? []), ...spec.containers])
          expect(securityContext?.readOnlyRootFilesystem).toBe(true);
        const folders = (spec.volumes ?? []).flatMap(({ emptyDir }) => emptyDir ?? []);
        expect(folders.length).toBeGreaterThan(0);
        for (const { sizeLimit } of folders) expect(sizeLimit).toMatch(/^\d+(Mi|Gi)$/);
      }
    },
  );

  test.each(rendered)(
    "the pods of %s get no service-account token and no variables of Services",
    (folder) => {
      for (const { spec } of workloads(folder)) {
        expect(spec.automountServiceAccountToken).toBe(false);
        expect(spec.enableServiceLinks).toBe(false);
      }
    },
  );

  test.each(rendered)(
    "the pods of %s request CPU and memory, and have limits only for memory and disk",
    (folder) => {
      for (const { spec } of workloads(folder))
        for (const { resources } of [...(spec.initContainers ?? []), ...spec.containers]) {
          expect(Object.keys(resources?.requests ?? {}).sort()).toEqual(["cpu", "memory"]);
          expect(Object.keys(resources?.limits ?? {}).sort()).toEqual(["ephemeral-storage", "memory"]);
        }
    },
  );

  test.each(rendered)("the pods of %s use images with a version", (folder) => {
    for (const { spec } of workloads(folder))
      for (const { image } of [...(spec.initContainers ?? []), ...spec.containers])
        expect(image).toMatch(/^[a-z0-9.]+\/\S+(:v?\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
  });
});

describe.runIf(hasKubectl())("the server", () => {
  test.each(replicated)(
    "the server of %s has at least two pods, never fewer during a rollout, and spread over nodes",
    (folder) => {
      const { spec } = deployment(folder, "imgproxy-lite");
      expect(spec?.strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
      const spread = found(spec?.template.spec?.topologySpreadConstraints, "a spread");
      expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
      ]);
      for (const { labelSelector } of spread) expect(labelSelector).toEqual(spec?.selector);
      // An apply would reset it to the value in the file.
      expect(spec?.replicas).toBeUndefined();
      const [scaler] = render(folder).filter((object) => HorizontalPodAutoscaler.is(object));
      expect(scaler?.spec?.minReplicas).toBe(2);
      expect(scaler?.spec?.scaleTargetRef).toMatchObject({ kind: "Deployment", name: "imgproxy-lite" });
      const [budget] = render(folder).filter((object) => PodDisruptionBudget.is(object));
      // One pod at a time is removed, whatever their number.
      expect(budget?.spec).toMatchObject({ maxUnavailable: 1 });
      expect(budget?.spec?.minAvailable).toBeUndefined();
      expect(scaler?.spec?.behavior?.scaleDown?.policies).toEqual([
        { type: "Pods", value: 1, periodSeconds: 60 },
      ]);
      expect(budget?.spec?.selector).toEqual(spec?.selector);
    },
  );

  test("the server on one node has one pod, on a volume of that node, and blocks no drain", () => {
    const objects = render("overlays/single-node");
    expect(
      deployments("overlays/single-node").map(({ metadata, spec }) => [metadata?.name, spec?.replicas]),
    ).toEqual([["imgproxy-lite", 1]]);
    expect(deployment("overlays/single-node", "imgproxy-lite").spec?.strategy).toEqual({ type: "Recreate" });
    expect(objects.some((object) => PodDisruptionBudget.is(object))).toBe(false);
    expect(objects.some((object) => HorizontalPodAutoscaler.is(object))).toBe(false);
    const [claim] = objects.filter((object) => PersistentVolumeClaim.is(object));
    expect(claim?.spec?.accessModes).toEqual(["ReadWriteOnce"]);
  });

  test.each(replicated)("the server of %s shares one volume with the GC", (folder) => {
    const [claim] = render(folder).filter((object) => PersistentVolumeClaim.is(object));
    expect(claim?.spec?.accessModes).toEqual(["ReadWriteMany"]);
    expect(claim?.spec?.storageClassName).toMatch(/./);
    for (const { spec } of deployments(folder))
      expect(spec?.template.spec?.volumes).toContainEqual(
        expect.objectContaining({ persistentVolumeClaim: { claimName: claim?.metadata?.name } }),
      );
    expect(deployments(folder).map(({ metadata }) => metadata?.name)).toEqual([
      "imgproxy-lite",
      "imgproxy-lite-gc",
    ]);
  });

  test.each(overlays)(
    "the server of %s has every secret in a mounted file, and none in its environment",
    (folder) => {
      const { env = [], envFrom = [], volumeMounts = [] } = container(folder, "imgproxy-lite");
      const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TOKEN", "SIGNING_KEYS"];
      expect(env.map(({ name }) => name)).toEqual(names.map((name) => `${name}_FILE`));
      expect(envFrom.every(({ secretRef }) => secretRef === undefined)).toBe(true);
      const { volumes = [] } = deployment(folder, "imgproxy-lite").spec?.template.spec ?? {};
      const secretAt = (path: string) => {
        const mount = volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
        expect(mount?.readOnly).toBe(true);
        return volumes.find(({ name }) => name === mount?.name)?.secret;
      };
      for (const { value = "" } of env) {
        const secret = secretAt(value);
        const items = secret?.items?.map(({ path }) => path);
        // Without a list, every key of the Secret is a file; an optional Secret has no list.
        expect([value, items ?? secret?.optional]).toEqual([
          value,
          items ? expect.arrayContaining([basename(value)]) : true,
        ]);
        expect(secret?.defaultMode).toBe(0o440);
      }
      expect(render(folder).map(({ kind }) => kind)).not.toContain("Secret");
    },
  );

  test.each(replicated)("the GC in %s has no key", (folder) => {
    const gc = deployment(folder, "imgproxy-lite-gc");
    expect(JSON.stringify(gc)).not.toMatch(/secret/i);
    expect(gc.spec?.replicas).toBe(1);
  });
});

describe.runIf(hasKubectl())("the way in", () => {
  test.each(overlays)(
    "the ingress of %s sends all variants of a photograph to one replica and retries a 503 at the other",
    (folder) => {
      const [ingress] = render(folder).filter((object) => Ingress.is(object));
      expect(ingress?.metadata?.annotations).toMatchObject({
        "nginx.org/lb-method": "hash $arg_img consistent",
        "nginx.ingress.kubernetes.io/upstream-hash-by": "$arg_img",
        "nginx.org/proxy-next-upstream": expect.stringContaining("http_503"),
        "nginx.ingress.kubernetes.io/proxy-next-upstream": expect.stringContaining("http_503"),
      });
    },
  );

  test.each(overlays)(
    "the ingress of %s leads only to images: /api/ and the admin port stay inside",
    (folder) => {
      const [ingress] = render(folder).filter((object) => Ingress.is(object));
      const paths = ingress?.spec?.rules?.flatMap(({ http }) => http?.paths ?? []);
      expect(paths?.map(({ path, pathType }) => [path, pathType])).toEqual([["/", "Exact"]]);
      const service = render(folder)
        .filter((object) => Service.is(object))
        .find(({ metadata }) => metadata?.name === paths?.[0]?.backend.service?.name);
      expect(service?.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(["http"]);
    },
  );
});

describe.runIf(hasKubectl())("what an operator has beside", () => {
  test.each(rendered)("%s does not contain the namespace, because other programs may use it", (folder) => {
    expect(render(folder).map(({ kind }) => kind)).not.toContain("Namespace");
  });

  test.each(overlays)(
    "pods continue with the settings of the last good release when %s is pruned",
    (folder) => {
      const generated = render(folder).filter((object) => ConfigMap.is(object));
      const used = JSON.stringify(workloads(folder));
      const kept = generated.filter(({ metadata }) => used.includes(`"${metadata?.name}"`));
      expect(kept.length).toBeGreaterThan(1);
      for (const { metadata } of kept)
        expect(metadata?.annotations).toMatchObject({
          "argocd.argoproj.io/sync-options": "Prune=false",
          "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
          "kustomize.toolkit.fluxcd.io/prune": "disabled",
        });
      // Objects that no pod needs can be removed immediately.
      for (const { metadata } of generated.filter((map) => !kept.includes(map)))
        expect(metadata?.annotations).toBeUndefined();
    },
  );
});

// --- Pod Security, level restricted ---

type PodSpec = ReturnType<typeof workloads>[number]["spec"];

const allowedVolumes = [
  "name",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** What the admission controller would report, by the controls of the Pod Security Standards. */
function restrictedProblems(pod: string, spec: PodSpec): string[] {
  const problems: string[] = [];
  const expectThat = (holds: boolean, control: string) => holds || problems.push(`${pod}: ${control}`);
  expectThat(!(spec.hostNetwork || spec.hostPID || spec.hostIPC), "host namespaces");
  expectThat(spec.securityContext?.runAsNonRoot === true, "runAsNonRoot");
  expectThat((spec.securityContext?.runAsUser ?? 0) > 0, "runAsUser");
  expectThat(spec.securityContext?.seccompProfile?.type === "RuntimeDefault", "seccomp");
  expectThat((spec.securityContext?.sysctls ?? []).length === 0, "sysctls");
  for (const volume of spec.volumes ?? [])
    expectThat(
      Object.keys(volume).every((type) => allowedVolumes.includes(type)),
      `volume ${volume.name}`,
    );
  for (const { name, securityContext, ports = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
    expectThat(securityContext?.allowPrivilegeEscalation === false, `${name} privilege escalation`);
    expectThat(securityContext?.privileged !== true, `${name} privileged`);
    expectThat(securityContext?.capabilities?.drop?.includes("ALL") === true, `${name} capabilities`);
    expectThat((securityContext?.capabilities?.add ?? []).length === 0, `${name} added capabilities`);
    expectThat(securityContext?.procMount === undefined, `${name} procMount`);
    expectThat((securityContext?.runAsUser ?? 1) > 0, `${name} runAsUser`);
    expectThat(
      ports.every(({ hostPort }) => hostPort === undefined),
      `${name} host ports`,
    );
  }
  return problems;
}
