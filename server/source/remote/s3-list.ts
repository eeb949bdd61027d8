import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { isListed, isListedFolder, type List } from "../list/list.ts";

/**
 * Lists a bucket.
 * @param prefix of the source's keys; what a server sends beyond it is left out.
 * @param send one ListObjectsV2. @throws Problem
 */
export function listBucket(
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  send: (input: ListObjectsV2CommandInput, signal: AbortSignal) => Promise<ListObjectsV2CommandOutput>,
): List {
  return async ({ folder, deep, after, most }, signal) => {
    const output = await send(
      {
        Bucket: bucket,
        Prefix: prefix + folder,
        MaxKeys: most,
        ...(!deep && { Delimiter: "/" }),
        ...(after !== undefined && { ContinuationToken: after }),
      },
      signal,
    );
    const ownName = (name: string | undefined): string | undefined =>
      name?.startsWith(prefix + folder) ? name.slice(prefix.length) : undefined;
    const objects = (output.Contents ?? []).flatMap(({ Key, Size = 0, LastModified }) => {
      const key = ownName(Key);
      if (key === undefined || !isListed(key)) return [];
      return [{ key, bytes: Size, ...(LastModified !== undefined && { modified: LastModified }) }];
    });
    const folders = (output.CommonPrefixes ?? []).flatMap(({ Prefix }) => {
      const name = ownName(Prefix);
      return name === undefined || !isListedFolder(name) ? [] : [name];
    });
    const next = output.IsTruncated === true ? output.NextContinuationToken : undefined;
    return { objects, folders, ...(next !== undefined && { next }) };
  };
}
