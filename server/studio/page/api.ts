import type { apiPaths, ListAnswer, ListBody } from "../../../contract/api.ts";
import type { ImageInfo } from "../../../contract/info.ts";
import type {
  CachedAnswer,
  PreviewBody,
  ScoreAnswer,
  StatusAnswer,
  UsedAnswer,
  WeightsAnswer,
} from "../../../contract/studio.ts";

/** A call that the server refused, with its own sentences. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, problem: { code?: string; title?: string; detail?: string; remedy?: string }) {
    super(problem.detail ?? problem.title ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.remedy = problem.remedy ?? "";
  }

  /** Whether a token would open it. */
  get needsToken(): boolean {
    return (
      ["bad-token", "not-local"].includes(this.code) || (this.status === 404 && this.code === "no-route")
    );
  }
}

/** A page of a folder's listing. @throws Refused */
export async function listFolder(body: ListBody, signal: AbortSignal): Promise<ListAnswer> {
  return (await call("list", body, signal)).json();
}

/** What posts use in a folder. @throws Refused */
export async function used(folder: string, signal: AbortSignal): Promise<UsedAnswer> {
  return (await call("used", { folder }, signal)).json();
}

/** What the published photographs weigh for current browsers. @throws Refused */
export async function weights(signal: AbortSignal): Promise<WeightsAnswer> {
  return (await call("weights", { accept: "avif" }, signal)).json();
}

/** Facts about a photograph. @throws Refused */
export async function describe(key: string, signal: AbortSignal): Promise<ImageInfo> {
  return (await call("describe", { img: key }, signal)).json();
}

/** The bytes of a variant. @throws Refused */
export async function preview(body: PreviewBody, signal: AbortSignal): Promise<Blob> {
  return (await call("preview", body, signal)).blob();
}

/** How much a variant looks like the original. @throws Refused */
export async function score(body: PreviewBody, signal: AbortSignal): Promise<number> {
  const { score }: ScoreAnswer = await (await call("score", body, signal)).json();
  return score;
}

/** What the server does now. @throws Refused */
export async function status(signal: AbortSignal): Promise<StatusAnswer> {
  return (await call("status", undefined, signal)).json();
}

/** A photograph's variants in the cache. @throws Refused */
export async function cached(key: string, signal: AbortSignal): Promise<CachedAnswer> {
  return (await call("cached", { img: key }, signal)).json();
}

/** Deletes a photograph's variants. @throws Refused, also under --dev without a token. */
export async function purge(key: string, signal: AbortSignal): Promise<number> {
  const { purged } = await (
    await send(`purge?img=${encodeURIComponent(key)}`, { method: "DELETE", signal })
  ).json();
  return purged;
}

// --- the token: in this tab only, and never in a URL ---

const TOKEN = "imgproxy-lite-token";

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(TOKEN);
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

// --- calls ---

/** Above the page's own folder `_studio/`, whatever path the endpoint has. */
const endpoint = new URL("../", location.href.replace(/[?#].*/, ""));

/** @param body undefined: a GET. */
function call(
  name: Extract<
    keyof typeof apiPaths,
    "list" | "used" | "weights" | "describe" | "preview" | "score" | "status" | "cached"
  >,
  body: unknown,
  signal: AbortSignal,
): Promise<Response> {
  if (body === undefined) return send(name, { method: "GET", signal });
  const headers = { "content-type": "application/json" };
  return send(name, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function send(
  path: string,
  init: RequestInit & { readonly headers?: Record<string, string> },
): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch(new URL(`api/${path}`, endpoint), {
    ...init,
    headers: { ...init.headers, ...(token !== null && { authorization: `Bearer ${token}` }) },
    cache: "no-store",
    credentials: "omit",
  });
  if (response.ok) return response;
  throw new Refused(response.status, await response.json().catch(() => ({})));
}
