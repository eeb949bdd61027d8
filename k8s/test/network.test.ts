import { describe, expect, test } from "vitest";
import { found, workloads } from "./objects.ts";
import { mayTalk, type Peer } from "./reachability.ts";
import { hasKubectl, overlays, type Rendered, render } from "./render.ts";

const replicated = ["overlays/rook-ceph", "overlays/s3"] as const;
const ingress = pod("ingress-nginx", { "app.kubernetes.io/name": "ingress-nginx" });
const prometheus = pod("monitoring", { "app.kubernetes.io/name": "prometheus" });
const stranger = pod("default", { app: "shell" });
const dns = pod("kube-system", { "k8s-app": "kube-dns" });
const gateway = pod("rook-ceph", { app: "rook-ceph-rgw", rook_object_store: "my-store" });
const monitor = pod("rook-ceph", { app: "rook-ceph-mon" });
const reader = ["http", 5000];
const admin = ["admin", 5001];

describe.runIf(hasKubectl())("what a server may hear and say", () => {
  test.each(overlays)(
    "in %s: readers by the ingress, scans from anywhere, Prometheus on its port",
    (folder) => {
      const server = podOf(folder, "imgproxy-lite");
      const hears = (peer: Peer, ports: (string | number)[]) =>
        mayTalk(render(folder), "in", server, peer, ports);
      expect(hears(ingress, reader)).toBe(true);
      expect(hears(pod("nginx-ingress", {}), reader)).toBe(true);
      expect(hears(scanJob(), reader)).toBe(true);
      expect(hears(prometheus, admin)).toBe(true);
      expect(hears(ingress, admin)).toBe(false);
      expect(hears(prometheus, reader)).toBe(false);
      expect(hears(stranger, reader)).toBe(false);
      expect(hears({ address: "203.0.113.9" }, reader)).toBe(false);
    },
  );

  test("in rook-ceph: DNS and the gateway, and nothing else", () => {
    const says = (peer: Peer, port: number) =>
      mayTalk(render("overlays/rook-ceph"), "out", podOf("overlays/rook-ceph", "imgproxy-lite"), peer, [
        port,
      ]);
    expect(says(dns, 53)).toBe(true);
    expect(says(gateway, 8080)).toBe(true);
    expect(says(monitor, 8080)).toBe(false);
    expect(says(gateway, 22)).toBe(false);
    expect(says(stranger, 80)).toBe(false);
    expect(says({ address: "203.0.113.9" }, 443)).toBe(false);
    expect(says({ address: "169.254.169.254" }, 80)).toBe(false);
  });

  test.each(["overlays/s3", "overlays/single-node"] as const)(
    "in %s: HTTPS to the internet and to no address inside",
    (folder) => {
      const says = (address: string, port = 443) =>
        mayTalk(render(folder), "out", podOf(folder, "imgproxy-lite"), { address }, [port]);
      expect(says("52.219.170.1")).toBe(true);
      expect(says("2600:1fa0:80::1")).toBe(true);
      expect(says("52.219.170.1", 80)).toBe(false);
      for (const inside of [
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
      ])
        expect([inside, says(inside)]).toEqual([inside, false]);
    },
  );
});

describe.runIf(hasKubectl())("what others may", () => {
  test.each(replicated)("the GC of %s hears Prometheus and speaks to nobody", (folder) => {
    const gc = podOf(folder, "imgproxy-lite-gc");
    expect(mayTalk(render(folder), "in", gc, prometheus, admin)).toBe(true);
    expect(mayTalk(render(folder), "in", gc, ingress, admin)).toBe(false);
    for (const peer of [dns, gateway, { address: "203.0.113.9" }])
      for (const port of [53, 80, 443, 8080])
        expect(mayTalk(render(folder), "out", gc, peer, [port])).toBe(false);
  });

  test("a scan speaks to the proxy, DNS and HTTPS, and hears nobody", () => {
    const scan = scanJob();
    const says = (peer: Peer, port: number) => mayTalk(render("argocd/publish"), "out", scan, peer, [port]);
    expect(says(podOf("overlays/rook-ceph", "imgproxy-lite"), 5000)).toBe(true);
    expect(says(podOf("overlays/rook-ceph", "imgproxy-lite"), 5001)).toBe(false);
    expect(says(dns, 53)).toBe(true);
    expect(says({ address: "203.0.113.9" }, 443)).toBe(true);
    expect(says(stranger, 5432)).toBe(false);
    expect(mayTalk(render("argocd/publish"), "in", scan, ingress, [80])).toBe(false);
  });
});

function pod(namespace: string, labels: Readonly<Record<string, string>>) {
  return { namespace, labels };
}

function podOf(folder: Rendered, name: string) {
  return pod(
    "imgproxy-lite",
    found(
      workloads(folder).find((one) => one.name === name),
      name,
    ).labels,
  );
}

/** The labels that the Job has are the ones that the server's policy knows. */
function scanJob() {
  return pod(
    "blog",
    found(
      workloads("argocd/publish").find(({ name }) => name === "imgproxy-lite-scan"),
      "scan",
    ).labels,
  );
}
