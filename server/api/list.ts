import type { ListAnswer, ListBody } from "../../contract/api.ts";
import { type List, MOST_LISTED } from "../source/list/list.ts";

/** One page of the source's listing. @throws Problem */
export async function listPage(
  list: List,
  { folder, deep = false, after, most = MOST_LISTED }: ListBody,
  signal: AbortSignal,
): Promise<ListAnswer> {
  const page = await list({ folder, deep, most, ...(after !== undefined && { after }) }, signal);
  return {
    ...page,
    objects: page.objects.map(({ key, bytes, modified }) => ({
      key,
      bytes,
      ...(modified !== undefined && { modified: modified.toISOString() }),
    })),
  };
}
