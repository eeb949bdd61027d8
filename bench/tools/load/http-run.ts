import type { Bench } from "../bench.ts";
import type { Contender, Measured } from "../measure/alternate.ts";
import type { Started } from "../measure/processes.ts";
import { runLoad } from "./load.ts";

/** A server under load for about a second: CPU a request of it and its children, requests a second, latency. */
export function underLoad(
  bench: Bench,
  name: string,
  server: Pick<Started, "url" | "cpuMs">,
  paths: readonly [string, ...string[]],
  options: { readonly headers?: Readonly<Record<string, string>>; readonly connections?: number } = {},
): Contender {
  return {
    name,
    run: async (): Promise<Measured> => {
      const before = server.cpuMs();
      const { folder, seconds } = bench;
      const answered = await runLoad({
        url: server.url,
        paths,
        connections: 64,
        ...options,
        seconds,
        folder,
      });
      const cpuMs = server.cpuMs() - before;
      if (answered.failures > answered.requests / 100)
        throw new Error(`${name}: ${answered.failures} of ${answered.requests} requests failed`);
      // On a busy machine, a slow server may give no response within the run.
      if (answered.requests === 0) return { requestsPerSecond: 0 };
      return {
        cpuMicroseconds: (1000 * cpuMs) / answered.requests,
        requestsPerSecond: answered.requestsPerSecond,
        p50Ms: answered.p50Ms,
        p99Ms: answered.p99Ms,
      };
    },
  };
}
