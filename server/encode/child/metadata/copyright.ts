import type { PhotoMeta } from "../../../../contract/meta.ts";
import type { MetadataBlocks } from "./blocks.ts";
import { readMeta } from "./read-meta.ts";

/** Whose a photograph is and on what terms: all of its metadata that may go out with a variant. */
export type Copyright = Pick<PhotoMeta, (typeof fields)[number]>;

const fields = ["creator", "copyright", "licence"] as const;

/** Never throws. */
export async function readCopyright(blocks: MetadataBlocks): Promise<Copyright> {
  return readMeta(blocks, { fields });
}
