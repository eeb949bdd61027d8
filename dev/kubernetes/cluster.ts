import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../machine/ports.ts";
import { type Program, startProgram } from "../machine/processes.ts";
import { createKubeClient } from "./client.ts";

/** A temporary cluster; plain data, so that a test worker can have it. */
export interface Kubernetes {
  /** All its data, including logs. */
  readonly folder: string;
  /** Token of an administrator. */
  readonly kubeconfig: string;
  readonly url: string;
  readonly token: string;
  /** The API server's certificate and its CA, in PEM. */
  readonly certificate: string;
  /** Whether controllers, a scheduler and kwok run, so that objects have an effect. */
  readonly runs: boolean;
}

/** A cluster that can be stopped. */
export interface RunningKubernetes {
  readonly cluster: Kubernetes;
  /** Stops every process and deletes the folder. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and an API server on loopback, with 400 MB, in about ten seconds; with `controllers` 900 MB. There are no nodes
 * yet. The processes end with this one, also when it is killed.
 * @throws Error with the output of the program that did not start.
 */
export async function startKubernetes(options: {
  readonly controllers: boolean;
}): Promise<RunningKubernetes> {
  const folder = await mkdtemp(join(tmpdir(), "kubernetes-"));
  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    // No data is kept, so etcd need not sync.
    for (const program of programs.splice(0).reverse()) await program.stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (file: string, args: readonly string[], ready = /./): Promise<void> => {
    programs.push(await startProgram(daemon(folder, file, args), ready, AbortSignal.timeout(600_000)));
  };
  try {
    const cluster = await prepare(folder, options.controllers);
    const etcd = await loopback();
    await start("etcd", etcdArguments(folder, etcd, await loopback()), /ready to serve client requests/);
    await start("kube-apiserver", [...apiServerArguments(cluster, etcd), ...(await gates())]);
    const ready = await untilReady(cluster);
    if (options.controllers)
      for (const [name, args] of Object.entries(controllerArguments(ready))) await start(name, args);
    return { cluster: ready, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

// --- programs ---

/** setpriv: the kernel kills it when this process ends, for any reason. */
function daemon(folder: string, file: string, args: readonly string[]) {
  return {
    name: file,
    file: "setpriv",
    args: ["--pdeathsig", "KILL", "--", file, ...args],
    log: join(folder, `${file}.log`),
  };
}

function etcdArguments(folder: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${folder}/etcd`,
    ...[`--listen-client-urls=http://${client}`, `--advertise-client-urls=http://${client}`],
    ...[`--listen-peer-urls=http://${peer}`, `--initial-advertise-peer-urls=http://${peer}`],
    `--initial-cluster=default=http://${peer}`,
  ];
}

/** With a self-made certificate. */
function apiServerArguments({ folder, url }: Kubernetes, etcd: string): string[] {
  return [
    ...[`--etcd-servers=http://${etcd}`, `--cert-dir=${folder}/certificates`],
    ...["--bind-address=127.0.0.1", `--secure-port=${new URL(url).port}`, "--advertise-address=127.0.0.1"],
    ...[`--token-auth-file=${folder}/tokens.csv`, "--authorization-mode=Node,RBAC"],
    // No pod uses the Service `kubernetes`, and its endpoint cannot be on loopback.
    "--endpoint-reconciler-type=none",
    ...["--service-cluster-ip-range=10.96.0.0/16", "--service-account-issuer=https://kubernetes.default.svc"],
    ...[
      `--service-account-key-file=${folder}/accounts.pub`,
      `--service-account-signing-key-file=${folder}/accounts.key`,
    ],
  ];
}

/**
 * An etcd before 3.4.31 and 3.5.13 cannot report the progress of a watch. Then the API server fails each watch that begins with
 * a list, and a client that tries again sees changes half a minute late, unless this feature is turned off.
 */
async function gates(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("etcd", ["--version"]);
  const [, minor = 0, patch = 0] = (/Version: 3\.(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  const old = minor < 4 || (minor === 4 && patch < 31) || (minor === 5 && patch < 13);
  return old ? ["--feature-gates=WatchList=false"] : [];
}

function controllerArguments({
  folder,
  kubeconfig,
}: Kubernetes): Readonly<Record<string, readonly string[]>> {
  const common = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
  return {
    "kube-controller-manager": [
      ...common,
      `--service-account-private-key-file=${folder}/accounts.key`,
      `--root-ca-file=${certificateOf(folder)}`,
      "--use-service-account-credentials=true",
      // Tests must not wait for controllers that sync every 15 seconds.
      "--horizontal-pod-autoscaler-sync-period=1s",
    ],
    "kube-scheduler": common,
    kwok: [
      `--kubeconfig=${kubeconfig}`,
      "--manage-all-nodes=true",
      ...["--cidr=10.244.0.0/16", "--node-ip=127.0.0.1", "--node-lease-duration-seconds=40"],
      `--config=${fileURLToPath(new URL("stages.yaml", import.meta.url))}`,
    ],
  };
}

// --- files ---

async function prepare(folder: string, runs: boolean): Promise<Kubernetes> {
  const token = randomBytes(16).toString("hex");
  const accounts = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  await writeFile(join(folder, "tokens.csv"), `${token},admin,1,system:masters\n`);
  await writeFile(join(folder, "accounts.key"), accounts.privateKey);
  await writeFile(join(folder, "accounts.pub"), accounts.publicKey);
  const kubeconfig = join(folder, "kubeconfig");
  return { folder, kubeconfig, url: `https://${await loopback()}`, token, certificate: "", runs };
}

/** The certificate exists before the port is open. */
async function untilReady(cluster: Kubernetes): Promise<Kubernetes> {
  for (const end = performance.now() + 120_000; ; await sleep(100)) {
    try {
      const ready = { ...cluster, certificate: await readFile(certificateOf(cluster.folder), "utf8") };
      await createKubeClient(ready).ready();
      await writeFile(cluster.kubeconfig, kubeconfigOf(cluster));
      return ready;
    } catch (cause) {
      if (performance.now() < end) continue;
      const log = await readFile(join(cluster.folder, "kube-apiserver.log"), "utf8").catch(() => "");
      throw new Error(`kube-apiserver does not answer; it says:\n${log.slice(-2000)}`, { cause });
    }
  }
}

function certificateOf(folder: string): string {
  return join(folder, "certificates", "apiserver.crt");
}

/** Valid because JSON is a subset of YAML. */
function kubeconfigOf({ folder, url, token }: Kubernetes): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url, "certificate-authority": certificateOf(folder) } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

async function loopback(): Promise<string> {
  return `127.0.0.1:${(await freePort()).port}`;
}
