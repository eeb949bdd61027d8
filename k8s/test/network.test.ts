import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { describe, expect, test } from "vitest";
import { blockProblems } from "./blocks.ts";
import { found, workloads } from "./objects.ts";
import { mayTalk, type Peer } from "./reachability.ts";
import { components, hasKubectl, overlays, type Rendered, render, rendered } from "./render.ts";

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
    "in %s, allowed incoming connections: readers through the ingress, scans from anywhere, Prometheus on its port",
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

  test("in rook-ceph, allowed outgoing connections: DNS and the gateway, and nothing else", () => {
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
    "in %s, allowed outgoing connections: HTTPS to the internet and to no internal address",
    (folder) => {
      const says = (address: string, port = 443) =>
        mayTalk(render(folder), "out", podOf(folder, "imgproxy-lite"), { address }, [port]);
      expect(says("52.219.170.1")).toBe(true);
      expect(says("2600:1fa0:80::1")).toBe(true);
      expect(says("52.219.170.1", 80)).toBe(false);
      const inside = [
        ...["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "127.0.0.1"],
        ...["169.254.169.254", "168.63.129.16", "192.0.0.192", "198.19.0.1", "224.0.0.1", "255.255.255.255"],
      ];
      for (const address of [...inside, "::1", "fd00::1", "fe80::1", "fec0::1", "ff02::1", "64:ff9b:1::1"])
        expect([address, says(address)]).toEqual([address, false]);
      // A pod without IPv4 reaches IPv4 addresses through NAT64, and only those that the policy allows.
      expect(says(nat64("52.219.170.1"))).toBe(true);
      for (const address of inside) expect([address, says(nat64(address))]).toEqual([address, false]);
    },
  );

  test("the API server reads each block of addresses as it is written", () => {
    const objects = [...rendered.flatMap((folder) => render(folder)), ...render("base", { components })];
    const blocks = objects
      .filter((object) => NetworkPolicy.is(object))
      .flatMap(({ spec }) => [
        ...(spec?.ingress ?? []).flatMap(({ from = [] }) => from),
        ...(spec?.egress ?? []).flatMap(({ to = [] }) => to),
      ])
      .flatMap(({ ipBlock }) => ipBlock ?? []);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap(blockProblems)).toEqual([]);
  });

  test("this test finds a block that Go reads differently, one that is not part of its parent, and one with too many bits", () => {
    expect(blockProblems({ cidr: "::/0", except: ["::ffff:0:0/96"] })).toEqual([
      expect.stringContaining("::ffff:0:0/96"),
    ]);
    expect(blockProblems({ cidr: "::ffff:10.0.0.0/104" })).toHaveLength(1);
    expect(
      blockProblems({ cidr: "10.0.0.0/8", except: ["11.0.0.0/16", "10.0.0.0/8", "10.1.0.0/16"] }),
    ).toEqual(["11.0.0.0/16 is not a part of 10.0.0.0/8", "10.0.0.0/8 is not a part of 10.0.0.0/8"]);
    expect(blockProblems({ cidr: "10.0.0.1/24" })).toEqual(["10.0.0.1/24 has bits that its mask hides"]);
    expect(blockProblems({ cidr: "64:ff9b::a9fe:1/112" })).toHaveLength(1);
    expect(blockProblems({ cidr: "10.0.0.0/33" })).toHaveLength(1);
    expect(blockProblems({ cidr: "10.0.0.0" })).toHaveLength(1);
  });
});

interface Flow {
  readonly component: string;
  readonly folder: Rendered;
  readonly direction: "in" | "out";
  readonly pod: string;
  readonly peer: Peer;
  readonly ports: readonly (string | number)[];
}

const address = (text: string): Peer => ({ address: text });

/** Connections that some clusters need, and that the policies refuse unless the component is used. */
const flows: readonly Flow[] = [
  ["node-local-dns", "overlays/rook-ceph", "out", "imgproxy-lite", address("169.254.20.10"), [53]] as const,
  ["node-local-dns", "argocd/publish", "out", "imgproxy-lite-scan", address("169.254.20.10"), [53]] as const,
  ["s3-egress", "base", "out", "imgproxy-lite", address("52.219.170.1"), [443]] as const,
  ["s3-in-cluster", "base", "out", "imgproxy-lite", pod("minio", { app: "minio" }), [9000]] as const,
  ["s3-private", "overlays/s3", "out", "imgproxy-lite", address("10.0.0.9"), [443]] as const,
  ["eks-pod-identity", "overlays/s3", "out", "imgproxy-lite", address("169.254.170.23"), [80]] as const,
  ["eks-pod-identity", "overlays/s3", "out", "imgproxy-lite", address("fd00:ec2::23"), [80]] as const,
  ["instance-metadata", "overlays/s3", "out", "imgproxy-lite", address("169.254.169.254"), [80]] as const,
  ["instance-metadata", "overlays/s3", "out", "imgproxy-lite", address("fd00:ec2::254"), [80]] as const,
  ["proxy-namespace", "overlays/s3", "in", "imgproxy-lite", pod("traefik", {}), reader] as const,
  ["proxy-addresses", "overlays/s3", "in", "imgproxy-lite", address("10.0.0.9"), reader] as const,
  ["prometheus-namespace", "overlays/s3", "in", "imgproxy-lite", pod("observability", {}), admin] as const,
  ["prometheus-namespace", "overlays/s3", "in", "imgproxy-lite-gc", pod("observability", {}), admin] as const,
].map(([component, folder, direction, name, peer, ports]) => ({
  component,
  folder,
  direction,
  pod: name,
  peer,
  ports,
}));

describe.runIf(hasKubectl())("a flow that some clusters need", () => {
  test.each(flows)(
    "a flow is refused to $pod of $folder, and opened only by $component",
    ({ component, folder, direction, pod: name, peer, ports }) => {
      const may = (added: readonly string[]) => {
        const own = { components: added };
        return mayTalk(render(folder, own), direction, podOf(folder, name), peer, ports);
      };
      expect(may([])).toBe(false);
      expect(may([component])).toBe(true);
    },
  );

  test.each(flows)(
    "a component opens no other flow: $component of $folder and a stranger",
    ({ component, folder, pod: name }) => {
      const own = { components: [component] };
      const open = (direction: "in" | "out", peer: Peer, port: number) =>
        mayTalk(render(folder, own), direction, podOf(folder, name), peer, [port]);
      for (const port of [80, 5000, 5001]) expect(open("in", stranger, port)).toBe(false);
      for (const port of [53, 80, 9000]) expect(open("out", stranger, port)).toBe(false);
      expect(open("out", address("169.254.169.254"), 8080)).toBe(false);
    },
  );
});

describe.runIf(hasKubectl())("what others may", () => {
  test.each(replicated)("the GC of %s accepts Prometheus and connects to nothing", (folder) => {
    const gc = podOf(folder, "imgproxy-lite-gc");
    expect(mayTalk(render(folder), "in", gc, prometheus, admin)).toBe(true);
    expect(mayTalk(render(folder), "in", gc, ingress, admin)).toBe(false);
    for (const peer of [dns, gateway, { address: "203.0.113.9" }])
      for (const port of [53, 80, 443, 8080])
        expect(mayTalk(render(folder), "out", gc, peer, [port])).toBe(false);
  });

  test("a scan connects to the proxy, DNS and HTTPS, and accepts nothing", () => {
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

/** RFC 6052: an IPv4 address in the form that pods without IPv4 use. */
function nat64(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `64:ff9b::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function pod(namespace: string, labels: Readonly<Record<string, string>>) {
  return { namespace, labels };
}

function podOf(folder: Rendered, name: string) {
  return pod(
    folder === "argocd/publish" ? "blog" : "imgproxy-lite",
    found(
      workloads(folder).find((one) => one.name === name),
      name,
    ).labels,
  );
}

/** The labels of the Job are those that the server's policy allows. */
function scanJob() {
  return pod(
    "blog",
    found(
      workloads("argocd/publish").find(({ name }) => name === "imgproxy-lite-scan"),
      "scan",
    ).labels,
  );
}
