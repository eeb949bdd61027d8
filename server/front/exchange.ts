import type { Answer } from "../http/response.ts";
import type { Trace } from "../telemetry/trace-context.ts";

/** The state of a request when h3 gets it. */
export interface Exchange {
  /** For logs and errors. */
  readonly id: string;
  readonly trace: Trace | undefined;
  /** By `performance.now()`. */
  readonly started: number;
  /** As it was sent: h3's own URL resolves dots and decodes, and signatures cover the bytes that were sent. */
  readonly path: string;
  readonly query: string;
  /** The rest of the response: an original. */
  readonly image?: Answer;
}

/** The exchange of each request that h3 handles, by node's request. */
export type Exchanges = WeakMap<object, Exchange>;
