import type { Encoder } from "./encode/encoder.ts";
import { WorkerDied } from "./encode/worker.ts";
import { Problem } from "./errors.ts";
import type { EncodeFailure, Metrics } from "./metrics.ts";

/** Counts what an encoder makes and why it did not. */
export function observeEncoder(
  encoder: Encoder,
  metrics: Pick<Metrics, "encoded" | "encodeFailed">,
): Encoder {
  const failed = (error: unknown): void => {
    const cause = causeOf(error);
    if (cause !== undefined) metrics.encodeFailed(cause);
  };
  return {
    async *encode(original, outputs, options) {
      let started = performance.now();
      try {
        for await (const encoded of encoder.encode(original, outputs, options)) {
          metrics.encoded(options.lane, encoded.contentType, (performance.now() - started) / 1000);
          yield encoded;
          started = performance.now();
        }
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    async describe(original, options) {
      try {
        return await encoder.describe(original, options);
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };
}

/** A full queue and a reader who left are no failure of an encoder. */
function causeOf(error: unknown): EncodeFailure | undefined {
  if (!(error instanceof Problem)) return undefined;
  if (error.code === "unreadable-source" || error.code === "unsupported-source") return "source";
  if (error.code !== "encode-failed") return undefined;
  return error.cause instanceof WorkerDied ? error.cause.reason : "crash";
}
