import { BlockList, isIPv6 } from "node:net";
import { type INetworkPolicy, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { KubeObject } from "./render.ts";

/** A pod, or an address outside the cluster. */
export type Peer =
  | { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly address: string };

type Rule = NonNullable<NonNullable<INetworkPolicy["spec"]>["ingress"]>[number];
type PolicyPeer = NonNullable<Rule["from"]>[number];
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[] | undefined;
      }[]
    | undefined;
}

/**
 * Whether the policies allow connections from a peer to a pod (`in`) or from the pod to it (`out`), as a network plugin decides.
 * @param ports the number, and names that a rule can have for it.
 */
export function mayTalk(
  objects: readonly KubeObject[],
  direction: "in" | "out",
  pod: Exclude<Peer, { address: string }>,
  peer: Peer,
  ports: readonly (string | number)[],
): boolean {
  const kind = direction === "in" ? "Ingress" : "Egress";
  const policies = objects
    .filter((object): object is KubeObject & INetworkPolicy => NetworkPolicy.is(object))
    .filter(({ metadata, spec }) => {
      const mine = metadata.namespace === pod.namespace && selects(spec?.podSelector, pod.labels);
      return mine && (spec?.policyTypes ?? []).includes(kind);
    });
  if (policies.length === 0) return true;
  return policies.some(({ metadata, spec }) => {
    const rules =
      direction === "in"
        ? (spec?.ingress ?? []).map(({ from, ports: open }) => ({ peers: from, open }))
        : (spec?.egress ?? []).map(({ to, ports: open }) => ({ peers: to, open }));
    return rules.some(
      ({ peers, open }) =>
        (open ?? []).some(({ port }) => port !== undefined && ports.includes(port)) &&
        (peers === undefined || peers.some((one) => matches(one, peer, metadata.namespace ?? ""))),
    );
  });
}

// --- peers ---

function matches(rule: PolicyPeer, peer: Peer, home: string): boolean {
  if ("address" in peer) return rule.ipBlock !== undefined && inBlock(rule.ipBlock, peer.address);
  if (rule.ipBlock !== undefined) return false;
  const namespace = { "kubernetes.io/metadata.name": peer.namespace };
  const there =
    rule.namespaceSelector === undefined
      ? peer.namespace === home
      : selects(rule.namespaceSelector, namespace);
  return there && (rule.podSelector === undefined || selects(rule.podSelector, peer.labels));
}

function selects(selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== "In") throw new Error(`${operator} is not understood here`);
      return values.includes(labels[key] ?? "");
    })
  );
}

function inBlock(block: { cidr: string; except?: readonly string[] }, address: string): boolean {
  const within = (cidr: string): boolean => {
    const [network = "", bits] = cidr.split("/");
    const family = isIPv6(network) ? "ipv6" : "ipv4";
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family);
    return isIPv6(address) === isIPv6(network) && list.check(address, family);
  };
  return within(block.cidr) && !(block.except ?? []).some(within);
}
