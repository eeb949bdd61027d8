import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { createInterface } from "node:readline";
import type { Kubernetes } from "./cluster.ts";

/** The API server, with the rights of an administrator. */
export interface KubeClient {
  /** @throws KubeError while it is not ready. */
  ready(): Promise<void>;
  /** @throws KubeError */
  get<Answer>(path: string): Promise<Answer>;
  /** @throws KubeError */
  post(path: string, body: object): Promise<void>;
  /** @throws KubeError */
  patch(path: string, body: object): Promise<void>;
  /** @throws KubeError */
  delete(path: string): Promise<void>;
  /**
   * Every change of the objects of a path from now on, in order, until `signal`.
   * @returns once the existing objects were delivered, as changes of the kind ADDED.
   */
  watch<Item>(path: string, onChange: (change: Change<Item>) => void, signal: AbortSignal): Promise<void>;
}

export interface Change<Item> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Item;
}

/** An error of the API server, with its message. */
export class KubeError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function createKubeClient(cluster: Pick<Kubernetes, "url" | "token" | "certificate">): KubeClient {
  const open = (
    method: string,
    path: string,
    body?: object,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const asked = request(
        new URL(path, cluster.url),
        {
          method,
          ca: cluster.certificate,
          headers: { authorization: `Bearer ${cluster.token}`, "content-type": type },
          ...(signal !== undefined && { signal }),
        },
        resolve,
      );
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const send = async (method: string, path: string, body?: object): Promise<string> => {
    const answer = await open(method, path, body);
    const text = (await answer.toArray()).join("");
    const status = answer.statusCode ?? 0;
    if (status >= 400) throw new KubeError(status, `${method} ${path}: ${status} ${text}`);
    return text;
  };
  return {
    ready: async () => void (await send("GET", "/readyz")),
    get: async (path) => JSON.parse(await send("GET", path)),
    post: async (path, body) => void (await send("POST", path, body)),
    patch: async (path, body) => void (await send("PATCH", path, body)),
    delete: async (path) => void (await send("DELETE", path)),
    watch: async (path, onChange, signal) => {
      const list: List = JSON.parse(await send("GET", path));
      for (const object of list.items) onChange({ type: "ADDED", object } as never);
      const query = new URLSearchParams({ watch: "1", resourceVersion: list.metadata.resourceVersion });
      const answer = await open("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`, undefined, signal);
      const lines = createInterface(answer).on("line", (line) => onChange(JSON.parse(line)));
      // Both treat the end of a watch as an error.
      answer.on("error", () => undefined);
      lines.on("error", () => undefined);
    },
  };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly object[];
}
