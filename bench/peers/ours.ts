import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { browserAccept } from "../../contract/accept.ts";
import { formatQuery, type ImageRequest } from "../../contract/url/request.ts";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { projectRoot } from "../tools/paths.ts";

/** imgproxy-lite as a user runs it, with its own cache. */
export interface Ours extends Started {
  readonly cache: string;
  readonly adminUrl: string;
}

export async function startOurs(options: {
  readonly folder: string;
  readonly photos: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The cache of another run, to start warm. */
  readonly cache?: string;
}): Promise<Ours> {
  const { folder, photos, env = {} } = options;
  const [{ port }, { port: adminPort }] = [await freePort(), await freePort()];
  const cache = options.cache ?? (await mkdtemp(path.join(folder, "cache-")));
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const started = await startServer({
    file: process.execPath,
    args: [path.join(projectRoot, "bin", "imgproxy-lite.js"), "serve"],
    env: {
      SOURCE: photos,
      CACHE_DIR: cache,
      HOST: "127.0.0.1",
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      COLD_BUDGET: "1000000",
      // A busy machine is no reason to fail: the numbers show it.
      ENCODE_TIMEOUT: "60s",
      ...env,
    },
    url: `http://127.0.0.1:${port}`,
    ready: `${adminUrl}/readyz`,
    log: path.join(folder, `imgproxy-lite-${port}.log`),
  });
  return { ...started, cache, adminUrl };
}

export function pathOf(request: ImageRequest): string {
  return `/?${formatQuery(request)}`;
}

/** The header that a current browser sends for an `<img>`. */
export const browser = { accept: browserAccept.avif } as const;

/** The version that a page built now would contain. */
export async function versionOf(ours: Ours, key: string): Promise<string> {
  const answer = await fetch(`${ours.url}${pathOf({ key, format: "json" })}`);
  const info: unknown = await answer.json();
  const version = typeof info === "object" && info !== null ? Reflect.get(info, "version") : undefined;
  if (typeof version !== "string") throw new Error(`no version of ${key}: HTTP ${answer.status}`);
  return version;
}

/** One whole response. @throws Error unless it is 200. */
export async function fetchImage(
  url: string,
  headers: Readonly<Record<string, string>> = browser,
): Promise<{ readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> }> {
  const answer = await fetch(url, { headers });
  const body = new Uint8Array(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status} from ${url}`);
  return { body, headers: Object.fromEntries(answer.headers) };
}
