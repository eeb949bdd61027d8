import { Deployment, type IDeployment } from "kubernetes-models/apps/v1";
import { type IJob, Job } from "kubernetes-models/batch/v1";
import { ConfigMap, type IContainer, type IPodSpec } from "kubernetes-models/v1";
import { type KubeObject, type Own, type Rendered, render } from "./render.ts";

/** A pod that a rendered object starts. */
export interface Workload {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
}

export function deployments(folder: Rendered, own: Own = {}): IDeployment[] {
  return render(folder, own).filter((object): object is KubeObject & IDeployment => Deployment.is(object));
}

export function deployment(folder: Rendered, name: string): IDeployment {
  return found(
    deployments(folder).find(({ metadata }) => metadata?.name === name),
    `Deployment ${name}`,
  );
}

export function workloads(folder: Rendered, own: Own = {}): Workload[] {
  const jobs = render(folder, own).filter((object): object is KubeObject & IJob => Job.is(object));
  return [...deployments(folder, own), ...jobs].map(({ metadata, spec }) => ({
    name: metadata?.name ?? "",
    labels: spec?.template.metadata?.labels ?? {},
    spec: found(spec?.template.spec, "a pod's spec"),
  }));
}

/** The one container of a Deployment's pods. */
export function container(folder: Rendered, name: string): IContainer {
  return found(deployment(folder, name).spec?.template.spec?.containers[0], `container of ${name}`);
}

/** Replaces the value of a Secret. */
const secret = "a-secret-of-32-characters-or-more";

/** The environment of a container, with a placeholder for each secret. */
export function environmentOf(folder: Rendered, name: string): ReadonlyMap<string, string> {
  const maps = render(folder).filter((object) => ConfigMap.is(object));
  const { envFrom = [], env = [] } = container(folder, name);
  const mapped = envFrom.flatMap(({ configMapRef }) => {
    const map = maps.find(({ metadata }) => metadata?.name === configMapRef?.name);
    return Object.entries(found(map?.data, `ConfigMap ${configMapRef?.name}`));
  });
  return new Map([...mapped, ...env.map(({ name: key, value }) => [key, value ?? secret] as const)]);
}

/** The value, or a failed test that names what is missing. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not there`);
  return value;
}

/** Bytes of a quantity such as `512Mi`. */
export function bytesOf(quantity: string | number | undefined): number {
  const [, digits, unit = ""] = /^(\d+)(Ki|Mi|Gi|Ti)?$/.exec(String(quantity)) ?? [];
  const power = ["", "Ki", "Mi", "Gi", "Ti"].indexOf(unit);
  if (digits === undefined) throw new Error(`not a quantity of bytes: ${quantity}`);
  return Number(digits) * 1024 ** power;
}

/** Thousandths of a core of a quantity such as `500m` or `2`. */
export function milliCoresOf(quantity: string | number | undefined): number {
  const [, digits, unit] = /^(\d+)(m)?$/.exec(String(quantity)) ?? [];
  if (digits === undefined) throw new Error(`not a quantity of cores: ${quantity}`);
  return unit === "m" ? Number(digits) : Number(digits) * 1000;
}
