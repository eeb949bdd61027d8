import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { CompletedPart, S3Client } from "@aws-sdk/client-s3";
import { CannotRun } from "../../cannot-run.ts";
import { payloadHash, payloadHashStep } from "./payload-hash.ts";
import { statusOf } from "./s3-answers.ts";
import type { LocalFile } from "./target.ts";

/** S3 has at most this number of parts. */
const MOST_PARTS = 10_000;

export interface PartsOptions {
  readonly client: S3Client;
  readonly Bucket: string;
  /** With its prefix. */
  readonly Key: string;
  readonly contentType: string | undefined;
  readonly partBytes: number;
  readonly abortSignal: AbortSignal;
  /** Uploads of this process that have not ended: others of the same key do not continue them. */
  readonly inUse: Set<string>;
  /** Whether the key has something: a storage can ignore If-None-Match where it completes an upload. */
  isTaken(): Promise<boolean>;
}

/**
 * Uploads a file in parts, because S3 takes at most 5 GB at once. The parts of an upload that ended early are used. Those of one that
 * cannot succeed are deleted; those of one that was interrupted stay for the next run.
 * @throws CannotRun if the file was changed; errors of the SDK.
 */
export async function uploadInParts(
  file: LocalFile,
  { client, contentType, partBytes, abortSignal, inUse, isTaken, ...place }: PartsOptions,
): Promise<"stored" | "taken"> {
  const s3 = await import("@aws-sdk/client-s3");
  const begun = await findUpload();
  const upload = { ...place, UploadId: begun ?? (await begin()) };
  inUse.add(upload.UploadId);
  try {
    const parts = await sendParts(begun === undefined ? new Map() : await storedParts());
    if (await isTaken()) return await cancelled();
    const Parts = { Parts: parts };
    await client.send(
      new s3.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: Parts, IfNoneMatch: "*" }),
      { abortSignal },
    );
    return "stored";
  } catch (error) {
    if (statusOf(error) === 412) return await cancelled();
    if (error instanceof CannotRun || isFinal(error)) await cancelled();
    throw error;
  } finally {
    inUse.delete(upload.UploadId);
  }

  async function begin(): Promise<string> {
    const command = new s3.CreateMultipartUploadCommand({ ...place, ContentType: contentType });
    const { UploadId } = await client.send(command, { abortSignal });
    if (UploadId === undefined) throw new Error("the storage names no upload");
    return UploadId;
  }

  /** The latest upload of this key that has not ended. Nobody has to be allowed to list them. */
  async function findUpload(): Promise<string | undefined> {
    const command = new s3.ListMultipartUploadsCommand({ Bucket: place.Bucket, Prefix: place.Key });
    const { Uploads = [] } = await client.send(command, { abortSignal }).catch(unlisted);
    const own = Uploads.filter(({ Key, UploadId = "" }) => Key === place.Key && !inUse.has(UploadId));
    return own.at(-1)?.UploadId;
  }

  /** MD5 of stored parts, by number. */
  async function storedParts(): Promise<Map<number, string>> {
    const stored = new Map<number, string>();
    for (let PartNumberMarker: string | undefined; ; ) {
      const command = new s3.ListPartsCommand({ ...upload, PartNumberMarker });
      const page = await client.send(command, { abortSignal }).catch(unlisted);
      for (const { PartNumber = 0, ETag = "" } of page.Parts ?? []) stored.set(PartNumber, ETag);
      if (page.IsTruncated !== true || page.NextPartNumberMarker === undefined) return stored;
      PartNumberMarker = page.NextPartNumberMarker;
    }
  }

  /** One after the other: photographs are uploaded in parallel. */
  async function sendParts(stored: ReadonlyMap<number, string>): Promise<CompletedPart[]> {
    const size = Math.max(partBytes, Math.ceil(file.bytes / MOST_PARTS));
    const whole = createHash("sha256");
    const parts: CompletedPart[] = [];
    for (let start = 0; start < file.bytes; start += size) {
      const range = { start, end: Math.min(start + size, file.bytes) - 1 };
      const [sha256, md5] = [createHash("sha256"), createHash("md5")];
      for await (const chunk of createReadStream(file.file, range))
        for (const hash of [whole, sha256, md5]) hash.update(chunk);
      const PartNumber = parts.length + 1;
      const known = stored.get(PartNumber);
      if (known?.replaceAll('"', "") === md5.digest("hex")) {
        parts.push({ PartNumber, ETag: known });
        continue;
      }
      const Body = createReadStream(file.file, range);
      const ContentLength = range.end - start + 1;
      const command = new s3.UploadPartCommand({ ...upload, PartNumber, Body, ContentLength });
      command.middlewareStack.add(payloadHash(sha256.digest("hex")), payloadHashStep);
      const { ETag } = await client.send(command, { abortSignal }).finally(() => Body.destroy());
      parts.push({ PartNumber, ETag });
    }
    if (whole.digest("hex") !== file.sha256) throw new CannotRun(`${file.file} was changed: run move again`);
    return parts;
  }

  async function cancelled(): Promise<"taken"> {
    await client.send(new s3.AbortMultipartUploadCommand(upload)).catch(() => {});
    return "taken";
  }
}

/** Another process can have ended the upload, or replaced a part: then the next attempt begins a new one. */
export function isEndedByOthers(error: unknown): boolean {
  return error instanceof Error && /^(?:NoSuchUpload|InvalidPart)$/.test(error.name);
}

function isFinal(error: unknown): boolean {
  const status = statusOf(error) ?? 500;
  return status < 500 && status !== 409 && status !== 429 && !isEndedByOthers(error);
}

interface Unlisted {
  readonly Uploads?: undefined;
  readonly Parts?: undefined;
  readonly IsTruncated?: false;
  readonly NextPartNumberMarker?: undefined;
}

/** What cannot be listed is uploaded again. @throws what is not an answer. */
function unlisted(error: unknown): Unlisted {
  if (statusOf(error) === undefined) throw error;
  return {};
}
