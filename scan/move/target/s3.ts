import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { formats } from "../../../contract/formats.ts";
import { CannotRun } from "../../cannot-run.ts";
import { contentOf } from "./content.ts";
import { isEndedByOthers, uploadInParts } from "./parts.ts";
import { payloadHash, payloadHashStep } from "./payload-hash.ts";
import { statusOf, toCannotRun } from "./s3-answers.ts";
import type { LocalFile, Target } from "./target.ts";

/** A bucket that the command may write to. */
export interface BucketOptions {
  readonly bucket: string;
  /** Prefix of every key; empty or with a slash at its end. */
  readonly prefix: string;
  /** Undefined: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Larger files are sent in parts of this size; at least 5 MiB for S3. */
  readonly partBytes?: number;
}

const PART_BYTES = 128 * 2 ** 20;

/** How often a request is sent that the storage could not answer. */
const ATTEMPTS = 4;

/** A bucket. The SDK is loaded only here, because it takes 0.2 s. */
export async function openBucketTarget(options: BucketOptions): Promise<Target> {
  const s3 = await import("@aws-sdk/client-s3");
  const client = new s3.S3Client({
    region: options.region,
    credentials: options.credentials,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint, forcePathStyle: true }),
    // A stream can be sent only once, so the loop below retries with a new one.
    maxAttempts: 1,
    // It warns of what that loop does.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: 20_000, requestTimeout: 600_000 },
  });
  const place = (key: string) => ({ Bucket: options.bucket, Key: options.prefix + key });

  const inUse = new Set<string>();

  async function isTaken(key: string, abortSignal: AbortSignal): Promise<boolean> {
    try {
      await client.send(new s3.HeadObjectCommand(place(key)), { abortSignal });
      return true;
    } catch (error) {
      // Without s3:ListBucket, S3 answers 403 for a key that does not exist: the upload decides.
      if (statusOf(error) === 404 || statusOf(error) === 403) return false;
      throw error;
    }
  }

  async function upload(key: string, file: LocalFile, abortSignal: AbortSignal): Promise<"stored" | "taken"> {
    if (await isTaken(key, abortSignal)) return "taken";
    const { partBytes = PART_BYTES } = options;
    if (file.bytes > partBytes)
      return uploadInParts(file, {
        ...place(key),
        client,
        contentType: contentType(key),
        partBytes,
        abortSignal,
        inUse,
        isTaken: () => isTaken(key, abortSignal),
      });
    const body = createReadStream(file.file);
    const command = new s3.PutObjectCommand({
      ...place(key),
      Body: body,
      ContentLength: file.bytes,
      ContentType: contentType(key),
      ChecksumSHA256: Buffer.from(file.sha256, "hex").toString("base64"),
      IfNoneMatch: "*",
    });
    command.middlewareStack.add(payloadHash(file.sha256), payloadHashStep);
    try {
      await client.send(command, { abortSignal });
      return "stored";
    } catch (error) {
      if (statusOf(error) === 412) return "taken";
      throw error;
    } finally {
      body.destroy();
    }
  }

  async function insistently<T>(
    work: (signal: AbortSignal) => Promise<T>,
    key: string,
    signal: AbortSignal,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++)
      try {
        // The SDK does not remove its listeners.
        return await work(AbortSignal.any([signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === ATTEMPTS || !mayPass(error)) throw toCannotRun(error, key, options);
        await setTimeout(200 * 4 ** (attempt - 1), undefined, { signal });
      }
  }

  return {
    name: `s3://${options.bucket}/${options.prefix}`,
    put: (key, file, signal) =>
      insistently(
        async (own) => {
          // A file that was cut off or replaced would end the request in the middle.
          if ((await stat(file.file)).size !== file.bytes)
            throw new CannotRun(`${file.file} was changed: run move again`);
          return upload(key, file, own);
        },
        key,
        signal,
      ),
    read: (key, signal) =>
      insistently(
        async (own) => {
          try {
            const { Body } = await client.send(new s3.GetObjectCommand(place(key)), { abortSignal: own });
            if (!(Body instanceof Readable)) throw new Error("the storage sent no stream");
            return await contentOf(Body, signal);
          } catch (error) {
            if (statusOf(error) === 404 && !isNoBucket(error)) return undefined;
            throw error;
          }
        },
        key,
        signal,
      ),
    async close() {
      client.destroy();
    },
  };
}

// --- parts ---

/** A busy storage, a lost connection, or two uploads of one key at the same time. */
function mayPass(error: unknown): boolean {
  if (error instanceof CannotRun) return false;
  if (isEndedByOthers(error)) return true;
  const status = statusOf(error);
  if (status === undefined)
    return error instanceof Error && !/ECONNREFUSED|ENOTFOUND|CERT/.test(codeOf(error));
  return status === 409 || status === 429 || (status >= 500 && status !== 501);
}

function isNoBucket(error: unknown): boolean {
  return error instanceof Error && error.name === "NoSuchBucket";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const types = new Map(
  Object.values(formats).flatMap(({ type, extensions }) =>
    extensions.map((extension) => [extension, type] as const),
  ),
);

function contentType(key: string): string | undefined {
  return types.get(key.slice(key.lastIndexOf(".") + 1).toLowerCase());
}
