import type { PhotoMeta } from "../../../../contract/meta.ts";
import type { MetadataBlocks } from "./blocks.ts";
import { readMeta } from "./read-meta.ts";

/** Owner and licence of a photograph: the only metadata that a variant can have. */
export type Copyright = Pick<PhotoMeta, (typeof fields)[number]>;

const fields = ["creator", "copyright", "licence"] as const;

/** Never throws. */
export async function readCopyright(blocks: MetadataBlocks): Promise<Copyright> {
  return readMeta(blocks, { fields });
}
