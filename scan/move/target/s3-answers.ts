import { CannotRun } from "../../cannot-run.ts";
import type { BucketOptions } from "./s3.ts";

/** An error of the storage or of the connection, with what to correct. It has no key and no part of a secret. */
export function toCannotRun(error: unknown, key: string, options: BucketOptions): CannotRun {
  if (error instanceof CannotRun) return error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : "";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = options.endpoint ?? `AWS in ${options.region}`;
  const said = status === undefined ? code || name : `${status} ${name}`.trim();
  return new CannotRun(`${key}: ${remedy(name, status, code, options, where)} (${said})`, { cause: error });
}

export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function remedy(
  name: string,
  status: number | undefined,
  code: string,
  { bucket, prefix, region }: BucketOptions,
  where: string,
): string {
  if (name === "NoSuchBucket")
    return `there is no bucket "${bucket}" at ${where}: correct --bucket or --endpoint-url`;
  if (name === "InvalidAccessKeyId") return `${where} does not know the key: correct MOVE_AWS_ACCESS_KEY_ID`;
  if (name === "SignatureDoesNotMatch")
    return `${where} refuses the secret: correct MOVE_AWS_SECRET_ACCESS_KEY`;
  if (name === "RequestTimeTooSkewed") return `the clock of this machine is wrong, says ${where}`;
  if (/^(?:AuthorizationHeaderMalformed|PermanentRedirect|IllegalLocationConstraintException)$/.test(name))
    return `the bucket "${bucket}" is not in ${region}: give --region`;
  if (/^(?:XAmzContentSHA256Mismatch|BadDigest|ContentSHA256Mismatch)$/.test(name))
    return "the file was changed while it was sent, or the connection damages it: run move again";
  if (status === 401 || status === 403)
    return `${where} does not allow it: the key pair needs s3:PutObject and s3:GetObject for ${bucket}/${prefix}*`;
  if (status === 501)
    return `${where} does not support If-None-Match, without which an upload could replace a photograph`;
  if (status !== undefined) return `${where} fails`;
  if (code === "ECONNREFUSED") return `nothing answers at ${where}: correct --endpoint-url`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `${where} is unknown to DNS: correct --endpoint-url`;
  return `${where} cannot be reached`;
}
