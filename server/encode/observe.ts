import { Problem } from "../errors.ts";
import type { EncodeFailure, Metrics } from "../telemetry/metrics.ts";
import type { Encoder } from "./encoder.ts";
import { WorkerDied } from "./pool/worker-died.ts";

/** Counts an encoder's results, durations and failures. */
export function observeEncoder(
  encoder: Encoder,
  metrics: Pick<Metrics, "encoded" | "encodeFailed">,
): Encoder {
  const failed = (error: unknown, signal: AbortSignal): void => {
    const cause = causeOf(error);
    if (cause !== undefined && !signal.aborted) metrics.encodeFailed(cause);
  };
  return {
    async *encode(original, outputs, options) {
      try {
        for await (const encoded of encoder.encode(original, outputs, options)) {
          metrics.encoded(options.lane, encoded.contentType, (encoded.ms?.encode ?? 0) / 1000);
          yield encoded;
        }
      } catch (error) {
        failed(error, options.signal);
        throw error;
      }
    },
    async describe(original, options) {
      try {
        return await encoder.describe(original, options);
      } catch (error) {
        failed(error, options.signal);
        throw error;
      }
    },
    async score(original, picture, options) {
      try {
        return await encoder.score(original, picture, options);
      } catch (error) {
        failed(error, options.signal);
        throw error;
      }
    },
    expect: (clients) => encoder.expect(clients),
    isBusy: () => encoder.isBusy(),
  };
}

/** undefined for an error that is not a failed encode: a full queue, a reader who disconnected. */
function causeOf(error: unknown): EncodeFailure | undefined {
  if (!(error instanceof Problem)) return undefined;
  if (error.code === "unreadable-source" || error.code === "unsupported-source") return "source";
  if (error.code === "impossible-variant") return "variant";
  if (error.code !== "encode-failed") return undefined;
  return error.cause instanceof WorkerDied && error.cause.reason === "deadline" ? "deadline" : "crash";
}
