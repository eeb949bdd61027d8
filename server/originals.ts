import { admit, HEAD_BYTES } from "./encode/admission.ts";
import type { SourceLimits } from "./encode/limits.ts";
import { Problem } from "./errors.ts";
import type { Flights } from "./flights.ts";
import { sniff } from "./sniff.ts";
import { readWhole } from "./source/body.ts";
import type { Source } from "./source/source.ts";

/** An original in memory, whole. */
export interface Original {
  readonly validator: string;
  /** Media type by its first bytes. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** Fetches originals for encoding: one fetch a key, however many variants wait for it. */
export interface Originals {
  /** @throws Problem as {@link Source} does, `unsupported-source` or, beyond the limit, `unreadable-source`. */
  fetch(key: string, signal: AbortSignal): Promise<Original>;
}

export function createOriginals(parts: {
  readonly source: Source;
  readonly flights: Flights<Original>;
  readonly maxBytes: number;
  readonly limits: SourceLimits;
}): Originals {
  return {
    fetch: (key, signal) => parts.flights.join(key, signal, (signal) => fetchWhole(parts, key, signal)),
  };
}

async function fetchWhole(
  { source, maxBytes, limits }: Omit<Parameters<typeof createOriginals>[0], "flights">,
  key: string,
  signal: AbortSignal,
): Promise<Original> {
  const object = await source.open(key, signal);
  try {
    if (object.bytes > maxBytes)
      throw new Problem("unreadable-source", {
        detail: `The original has ${object.bytes} bytes; this server reads up to ${maxBytes}.`,
      });
    const body = await readWhole(object.body, object.bytes, (head, whole) => {
      if (!whole && head.byteLength < HEAD_BYTES) return false;
      if (typeOf(head) !== "image/svg+xml") admit(head, limits);
      return true;
    });
    return { validator: object.validator, type: typeOf(body), body };
  } catch (error) {
    // A body that failed is locked or done: there is nothing left to let go then.
    if (!object.body.locked) await object.body.cancel().catch(() => undefined);
    throw error;
  }
}

/** @throws Problem `unsupported-source`, in words for the author. */
export function typeOf(head: Uint8Array): string {
  const { kind, type, detail } = sniff(head);
  if (kind === "other") throw new Problem("unsupported-source", { ...(detail !== undefined && { detail }) });
  return type;
}
