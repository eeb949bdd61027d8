import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";

/** S3's errors are XML of some hundred bytes; with the signed request in it, some thousand. */
const MOST_ERROR_BYTES = 16 * 1024;

/** A list of 1,000 keys of maximum length. */
const MOST_LIST_BYTES = 2 * 2 ** 20;

/**
 * Cuts answers that are not photographs to the maximum length that S3 sends. The SDK reads such an answer whole and parses it
 * synchronously, in time quadratic in its document types; a cut answer is not valid XML for it.
 */
export function boundAnswers(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        const { response } = result;
        if (!isResponse(response)) return result;
        if (response.statusCode >= 300) response.body = firstBytes(response.body, MOST_ERROR_BYTES);
        else if (commandName !== "GetObjectCommand")
          response.body = firstBytes(response.body, MOST_LIST_BYTES);
        return result;
      },
    // Closest to the connection: before the SDK reads the answer.
    { step: "deserialize", priority: "low", name: "boundAnswers" },
  );
  return client;
}

function isResponse(value: unknown): value is { readonly statusCode: number; body: Readable } {
  if (typeof value !== "object" || value === null || !("statusCode" in value) || !("body" in value))
    return false;
  return typeof value.statusCode === "number" && value.body instanceof Readable;
}

function firstBytes(body: Readable, most: number): Readable {
  async function* cut(): AsyncGenerator<Uint8Array> {
    let left = most;
    // Leaving the loop destroys the body, and with it the connection.
    for await (const chunk of body) {
      yield chunk.subarray(0, left);
      left -= chunk.byteLength;
      if (left <= 0) return;
    }
  }
  return Readable.from(cut());
}
