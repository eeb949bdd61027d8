import { Application } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1";
import {
  PrometheusRule,
  ServiceMonitor,
} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { Deployment } from "kubernetes-models/apps/v1";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { Job } from "kubernetes-models/batch/v1";
import { Ingress, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { StorageClass } from "kubernetes-models/storage.k8s.io/v1";
import { ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount } from "kubernetes-models/v1";
import type { KubeObject } from "./render.ts";

/** The schemas of the API server and of the operators, by the module that has them. */
export const models = {
  "kubernetes-models/v1": { ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount },
  "kubernetes-models/apps/v1": { Deployment },
  "kubernetes-models/autoscaling/v2": { HorizontalPodAutoscaler },
  "kubernetes-models/batch/v1": { Job },
  "kubernetes-models/networking.k8s.io/v1": { Ingress, NetworkPolicy },
  "kubernetes-models/policy/v1": { PodDisruptionBudget },
  "kubernetes-models/storage.k8s.io/v1": { StorageClass },
  "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1": { PrometheusRule, ServiceMonitor },
  "@kubernetes-models/argo-cd/argoproj.io/v1alpha1": { Application },
} as const;

/** The common properties of all models. */
interface ModelClass {
  readonly is: (value: unknown) => boolean;
  new (data: never): { validate(): void };
}

/** The module and the class of an object's kind and version. */
export function modelOf(
  object: KubeObject,
): { readonly module: string; readonly model: ModelClass } | undefined {
  for (const [module, classes] of Object.entries(models))
    for (const model of Object.values(classes)) if (model.is(object)) return { module, model };
  return undefined;
}
