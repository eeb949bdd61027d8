import type { Server } from "../request.ts";
import { warmByCalling } from "./calling.ts";
import { warmByReading } from "./reading.ts";
import {
  eachVariant,
  type Reader,
  type Requests,
  type Variant,
  type WarmResult,
  type WarmResults,
} from "./variant.ts";

export interface WarmOptions {
  /** Key that signs URLs. */
  readonly key?: string;
  /** The encoder's effort, 0 to 9; only a server whose token is given uses it. */
  readonly effort?: number;
  /** Sizes of variants from earlier scans: a server that has all variants does not send them. */
  readonly known?: WarmResults;
  /** Called with the number of variants that have just been settled. */
  readonly onProgress: (variants: number) => void;
}

/**
 * Makes sure that every variant is in the proxy's cache: by API calls with a token, otherwise by requests like a reader's.
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
  else {
    const isWeighed = ({ query, accept }: Variant) => known?.get(query)?.[accept] !== undefined;
    await warmByCalling(server, requests, { isWeighed, ...(effort !== undefined && { effort }) }, onResult);
  }
  return results;
}
