import { setTimeout as sleep } from "node:timers/promises";
import { sniff } from "../server/formats/sniff.ts";

/** The server's response for one file. */
export interface Answer {
  readonly key: string;
  readonly status: number;
  readonly ms: number;
  /** A fault in addition to its status; undefined: none. */
  readonly fault?: string;
}

/** A busy server gets the request again: that has nothing to do with the file. */
const MOST_TRIES = 20;

/** Requests one file as an image. Never throws: no response has status 0. */
export async function ask(url: string, key: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const started = performance.now();
    const response = await fetch(url, { headers: { accept: "image/avif,image/webp" } }).catch(
      () => undefined,
    );
    if (response === undefined) return { key, status: 0, ms: performance.now() - started };
    const body = new Uint8Array(await response.arrayBuffer());
    const { status, headers } = response;
    if (status === 503 && isBusy(body) && tries < MOST_TRIES) {
      await sleep(Number(headers.get("retry-after") ?? 1) * 1000);
      continue;
    }
    const fault = faultOf(status, headers.get("content-type") ?? "", body);
    return { key, status, ms: performance.now() - started, ...(fault !== undefined && { fault }) };
  }
}

// --- parts ---

function isBusy(body: Uint8Array): boolean {
  return Buffer.from(body).toString().includes('"code":"busy"');
}

/** The header's type must be the type of the bytes. */
function faultOf(status: number, type: string, body: Uint8Array): string | undefined {
  const expected = status === 200 ? sniff(body).type : "application/problem+json";
  return type === expected ? undefined : `labelled ${type || "not at all"}, and is ${expected}`;
}
