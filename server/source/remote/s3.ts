import { Readable } from "node:stream";
import type { GetObjectCommandOutput, HeadObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { defaultSourceBytes } from "../../encode/limits.ts";
import { Problem } from "../../errors.ts";
import type { ByteRange } from "../../http/range.ts";
import { traceHeaders } from "../../telemetry/trace-context.ts";
import { AccessDenied } from "../access-denied.ts";
import type { List } from "../list/list.ts";
import { failedProblem, isShortage } from "../shortage.ts";
import type { Source } from "../source.ts";
import { asUploaded, type StoredSource, type StoredStat } from "../stored.ts";
import { validatorOf } from "../validator.ts";
import { type Connections, createConnections } from "./connections.ts";
import { faultProblem } from "./faults.ts";
import { fromNodeBody } from "./node-body.ts";
import { boundAnswers } from "./s3-answers.ts";
import { listBucket } from "./s3-list.ts";
import { remoteTimeouts, type Timeouts, within } from "./timeouts.ts";

/** A bucket, and how to connect to it. */
export interface S3Options {
  readonly bucket: string;
  /** Prefix of every key; empty or with a slash at its end. */
  readonly prefix: string;
  /** Undefined: AWS. */
  readonly endpoint?: string;
  readonly forcePathStyle: boolean;
  readonly region: string;
  /** Undefined: the SDK searches for credentials. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A bucket as a source, which can be listed if the credentials allow it. */
export interface S3Source extends Source {
  readonly list: List;
}

/**
 * Photographs in a bucket. The SDK is loaded only here, because it takes 0.2 s and 24 MB.
 * @param mostBytes of an object with a coding, or without a length.
 */
export async function createS3Source(
  options: S3Options,
  timeouts: Timeouts = remoteTimeouts,
  mostBytes: number = defaultSourceBytes,
): Promise<S3Source> {
  const { S3Client, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } = await import(
    "@aws-sdk/client-s3"
  );
  const connections = createConnections(timeouts);
  const client = boundAnswers(carryTrace(new S3Client(clientOptions(options, timeouts, connections))));
  const inTime = <T>(signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    within(timeouts.silence, signal, (signal) => connections.send(() => send(signal)));
  const place = (key: string) => ({ Bucket: options.bucket, Key: options.prefix + key });

  async function get(key: string, signal: AbortSignal, range?: ByteRange): Promise<GetObjectCommandOutput> {
    const command = new GetObjectCommand({
      ...place(key),
      ...(range !== undefined && { Range: `bytes=${range.first}-${range.last}` }),
    });
    const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
    try {
      return await inTime(signal, send);
    } catch (error) {
      throw toProblem(error, signal);
    }
  }

  /** A GET of one byte, for its error message. */
  async function explained(key: string, signal: AbortSignal): Promise<StoredStat> {
    const output = await get(key, signal, { first: 0, last: 0 });
    if (output.Body instanceof Readable) output.Body.destroy();
    return statOf(output, output.ContentRange);
  }

  const list = listBucket(options, async (input, signal) => {
    const send = (abortSignal: AbortSignal) => client.send(new ListObjectsV2Command(input), { abortSignal });
    try {
      return await inTime(signal, send);
    } catch (error) {
      throw listProblem(toProblem(error, signal));
    }
  });

  const stored: StoredSource = {
    async stat(key, signal) {
      try {
        const command = new HeadObjectCommand(place(key));
        const send = (abortSignal: AbortSignal) => client.send(command, { abortSignal });
        return statOf(await inTime(signal, send), undefined);
      } catch (error) {
        // A failed HEAD has no body that says whether the key or the bucket is missing, or why it is refused.
        const status = statusOf(error) ?? 0;
        if (status >= 300 && status < 500) return explained(key, signal);
        throw toProblem(error, signal);
      }
    },
    async open(key, signal, range) {
      const output = await get(key, signal, range);
      const { Body: answer } = output;
      if (!(answer instanceof Readable)) throw unusable("S3 sends no stream");
      try {
        const stat = statOf(output, range === undefined ? undefined : output.ContentRange);
        const length = range === undefined ? stat.bytes : range.last + 1 - range.first;
        const isPart = range !== undefined;
        return { ...stat, body: fromNodeBody(answer, length, timeouts, signal), isPart };
      } catch (error) {
        answer.destroy();
        throw error;
      }
    },
  };
  return { ...asUploaded(stored, mostBytes), list };
}

// --- client ---

function clientOptions(options: S3Options, timeouts: Timeouts, { http, https }: Connections) {
  const { endpoint, region, credentials, forcePathStyle } = options;
  return {
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    // The retry-breaker around every source retries; two layers of retries would multiply.
    maxAttempts: 1,
    // Since 2025 the SDK sends checksums that not every S3 server supports.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: timeouts.silence,
      httpAgent: http,
      httpsAgent: https,
    },
  } as const;
}

/** After the signature, which would break if a proxy on the way changed the trace header. */
function carryTrace(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => (args) => {
      if (isHeadersHolder(args.request)) Object.assign(args.request.headers, traceHeaders());
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "carryTrace" },
  );
  return client;
}

function isHeadersHolder(value: unknown): value is { readonly headers: Record<string, string> } {
  return typeof value === "object" && value !== null && "headers" in value;
}

// --- answers ---

function statOf(
  output: GetObjectCommandOutput | HeadObjectCommandOutput,
  contentRange: string | undefined,
): StoredStat {
  const bytes =
    contentRange === undefined
      ? output.ContentLength
      : Number(/^bytes \d{1,15}-\d{1,15}\/(\d{1,15})$/.exec(contentRange)?.[1] ?? Number.NaN);
  if (Number.isNaN(bytes)) throw unusable("S3 names no length");
  const modified = output.LastModified;
  return {
    bytes,
    validator: (length) => validatorOf(output.ETag, modified?.toUTCString(), length),
    ...(modified !== undefined && { modified }),
    encoding: output.ContentEncoding,
  };
}

function toProblem(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof Problem || signal.aborted) return error;
  if (!(error instanceof Error) || isShortage(error)) return failedProblem(error);
  const { name, message } = error;
  const storageClass = "StorageClass" in error ? String(error.StorageClass) : "";
  return faultProblem({
    status: statusOf(error),
    message,
    cause: error,
    // The SDK's name for an answer without an S3 code.
    ...(!/^(?:Unknown|Error$)/.test(name) && { code: name }),
    // Public text: only a code.
    ...(/^[A-Z_]{1,40}$/.test(storageClass) && { storageClass }),
  });
}

/** A refused listing says nothing about a photograph. */
function listProblem(problem: unknown): unknown {
  if (!(problem instanceof Problem && problem.cause instanceof AccessDenied)) return problem;
  return new Problem("cannot-list", {
    detail: "The storage does not let the server list: its credentials need s3:ListBucket.",
    cause: problem.cause,
    ...(problem.storage !== undefined && { storage: problem.storage }),
  });
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** An answer that an S3 server should not give. */
function unusable(what: string): Problem {
  return new Problem("source-misconfigured", { cause: new Error(what) });
}
