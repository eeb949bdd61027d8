import type { apiPaths, ListAnswer, ListBody } from "../../../contract/api.ts";
import type { ImageInfo } from "../../../contract/info.ts";
import {
  type CachedAnswer,
  type PreviewBody,
  type ScoreAnswer,
  SOURCE_VERSION,
  type StatusAnswer,
  type UsedAnswer,
  type WeightsAnswer,
} from "../../../contract/studio.ts";
import { callOnce, callUntilAnswered } from "./calls.ts";

// All of these throw Refused.

/** A page of a folder's listing. */
export function listFolder(body: ListBody, signal: AbortSignal): Promise<ListAnswer> {
  return post("list", body, signal, toJson);
}

/** What posts use in a folder. */
export function used(folder: string, signal: AbortSignal): Promise<UsedAnswer> {
  return post("used", { folder }, signal, toJson);
}

/** What the published photographs weigh for current browsers. */
export function weights(signal: AbortSignal): Promise<WeightsAnswer> {
  return post("weights", { accept: "avif" }, signal, toJson);
}

/** Facts about a photograph. */
export function describe(key: string, signal: AbortSignal): Promise<ImageInfo> {
  return post("describe", { img: key }, signal, toJson);
}

/** The bytes of a variant, and the version of the photograph that it was made from. */
export function preview(
  body: PreviewBody,
  signal: AbortSignal,
): Promise<{ readonly blob: Blob; readonly version: string }> {
  return post("preview", body, signal, async (response) => ({
    blob: await response.blob(),
    version: response.headers.get(SOURCE_VERSION) ?? "",
  }));
}

/** How much a variant looks like the original. */
export async function score(body: PreviewBody, signal: AbortSignal): Promise<number> {
  return (await post<ScoreAnswer>("score", body, signal, toJson)).score;
}

/** What the server does now. */
export function status(signal: AbortSignal): Promise<StatusAnswer> {
  return callUntilAnswered("status", { method: "GET" }, signal, toJson);
}

/** A photograph's variants in the cache. */
export function cached(key: string, signal: AbortSignal): Promise<CachedAnswer> {
  return post("cached", { img: key }, signal, toJson);
}

/** Deletes a photograph's variants. It needs the token also under --dev, where nothing else does: a refusal closes no page. */
export async function purge(key: string, signal: AbortSignal): Promise<number> {
  const path = `purge?img=${encodeURIComponent(key)}`;
  return (await callOnce<{ readonly purged: number }>(path, { method: "DELETE" }, signal, toJson)).purged;
}

function post<Value>(
  name: keyof typeof apiPaths,
  body: unknown,
  signal: AbortSignal,
  read: (response: Response) => Promise<Value>,
): Promise<Value> {
  return callUntilAnswered(name, { method: "POST", body: JSON.stringify(body) }, signal, read);
}

function toJson(response: Response): ReturnType<Response["json"]> {
  return response.json();
}
