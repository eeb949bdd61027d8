import type { Server } from "./request.ts";
import { warmByCalling } from "./warm/calling.ts";
import { warmByReading } from "./warm/reading.ts";
import {
  eachVariant,
  type Reader,
  type Requests,
  type Variant,
  type WarmResult,
  type WarmResults,
} from "./warm/variant.ts";

export interface WarmOptions {
  /** Of signatures. */
  readonly key?: string;
  /** The encoder's effort, 0 to 9; only a server that was given a token heeds it. */
  readonly effort?: number;
  /** What variants were found to weigh before: a server that has them all says no more than that. */
  readonly known?: WarmResults;
  /** Is called with the number of variants that have just been settled. */
  readonly onProgress: (variants: number) => void;
}

/**
 * Sees to it that every variant is in the proxy's cache: by calls where there is a token, else as a reader would.
 */
export async function warm(server: Server, requests: Requests, options: WarmOptions): Promise<WarmResults> {
  const { key, effort, known } = options;
  const results = new Map<string, { [reader in Reader]?: WarmResult }>();
  const onResult = ({ query, accept }: Variant, result: WarmResult) => {
    const byReader = results.get(query) ?? {};
    results.set(query, byReader);
    const isUnknown = result.status === "hit" && result.bytes === undefined;
    byReader[accept] = isUnknown ? (known?.get(query)?.[accept] ?? result) : result;
    options.onProgress(1);
  };
  if (server.token === undefined) await warmByReading(server, eachVariant(requests), key, onResult);
  else await warmByCalling(server, requests, effort === undefined ? {} : { effort }, onResult);
  return results;
}
