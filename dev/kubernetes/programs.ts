import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A control plane that validates, admits and stores objects; no pod runs. */
const core = ["kube-apiserver", "etcd", "kubectl", "setpriv"];

/** Controllers that roll Deployments, apply budgets and end Jobs; kwok simulates the nodes. */
const controllers = ["kube-controller-manager", "kube-scheduler", "kwok"];

/** Programs that are missing on PATH (vitest.kubernetes.config.ts puts KUBEBUILDER_ASSETS in front). */
export interface Missing {
  readonly core: readonly string[];
  readonly controllers: readonly string[];
}

export function missingPrograms(path: string): Missing {
  const absent = (name: string): boolean => !path.split(delimiter).some((folder) => runs(join(folder, name)));
  return { core: core.filter(absent), controllers: controllers.filter(absent) };
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
