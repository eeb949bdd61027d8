import type { Server } from "./http.ts";
import { warmByCalling } from "./warm/calling.ts";
import { warmByReading } from "./warm/reading.ts";
import type { Variant, WarmResult } from "./warm/variant.ts";

export interface WarmOptions {
  /** Of signatures. */
  readonly key?: string;
  /** The encoder's effort, 0 to 9; only a server that was given a token heeds it. */
  readonly effort?: number;
  /** Is called with the number of variants that have just been settled. */
  readonly onProgress: (variants: number) => void;
}

/**
 * Sees to it that every variant is in the proxy's cache: by calls where there is a token, else as a reader would.
 * @returns each variant's result by its name.
 */
export async function warm(
  server: Server,
  variants: readonly Variant[],
  options: WarmOptions,
): Promise<Map<string, WarmResult>> {
  const results = new Map<string, WarmResult>();
  const onResult = (variant: Variant, result: WarmResult) => {
    results.set(variant.name, result);
    options.onProgress(1);
  };
  const { key, effort } = options;
  if (server.token === undefined) await warmByReading(server, variants, key, onResult);
  else await warmByCalling(server, variants, effort === undefined ? {} : { effort }, onResult);
  return results;
}
