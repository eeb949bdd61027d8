import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A control plane that validates, admits and stores objects; nothing runs. */
const core = ["kube-apiserver", "etcd", "kubectl", "setpriv"];

/** What makes Deployments roll, budgets hold, Jobs end; kwok stands for the nodes. */
const controllers = ["kube-controller-manager", "kube-scheduler", "kwok"];

/** What PATH (before it KUBEBUILDER_ASSETS, by vitest.kubernetes.config.ts) does not have. */
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
