import { realpath } from "node:fs/promises";
import { type MoveCommand, writeCredentials } from "../options.ts";
import { openFolderTarget } from "./folder.ts";
import { openBucketTarget } from "./s3.ts";
import type { Target } from "./target.ts";

/**
 * @param variables the environment, of which only the keys that may write are read.
 * @returns also the folder without links, if it is one.
 * @throws CannotRun
 */
export async function openTarget(
  to: MoveCommand["to"],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly target: Target; readonly folder: string | undefined }> {
  if ("folder" in to) {
    const target = await openFolderTarget(to.folder);
    return { target, folder: await realpath(to.folder) };
  }
  const region = to.region ?? variables.MOVE_AWS_REGION ?? "us-east-1";
  return {
    target: await openBucketTarget({ ...to, region, credentials: writeCredentials(variables) }),
    folder: undefined,
  };
}
