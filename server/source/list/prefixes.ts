import type { List, ListPage, ListRequest } from "./list.ts";

interface Prefixed {
  /** With a slash at its end. */
  readonly prefix: string;
  readonly list: List;
}

/** Several sources as one; each is a folder of the whole. */
export function listPrefixes(sources: readonly Prefixed[]): List {
  const sorted = sources.toSorted((a, b) => Buffer.compare(Buffer.from(a.prefix), Buffer.from(b.prefix)));

  /** All of them, one after the other; `after` begins with the prefix of the source whose page is next. */
  const listAll: List = async (request, signal) => {
    const at = Math.max(
      0,
      sorted.findIndex(({ prefix }) => request.after?.startsWith(prefix)),
    );
    const one = sorted[at];
    if (one === undefined) return { objects: [], folders: [] };
    const inner = request.after?.slice(one.prefix.length) ?? "";
    const { objects, next } = await listIn(one, { ...request, after: inner }, signal);
    const following = next ?? sorted[at + 1]?.prefix;
    return { objects, folders: [], ...(following !== undefined && { next: following }) };
  };

  const namePrefixes = ({ after, most }: ListRequest): ListPage => {
    const from = sorted.findIndex(({ prefix }) => prefix === after) + 1;
    const folders = sorted.slice(from, from + most).map(({ prefix }) => prefix);
    const next = from + most < sorted.length ? folders.at(-1) : undefined;
    return { objects: [], folders, ...(next !== undefined && { next }) };
  };

  return async (request, signal) => {
    if (request.folder === "") return request.deep ? listAll(request, signal) : namePrefixes(request);
    const found = sorted.find(({ prefix }) => request.folder.startsWith(prefix));
    if (found === undefined) return { objects: [], folders: [] };
    const { prefix } = found;
    return await listIn(
      found,
      {
        ...request,
        folder: request.folder.slice(prefix.length),
        after: request.after?.slice(prefix.length) ?? "",
      },
      signal,
    );
  };
}

/** @param request in the source's own names; an empty `after` is the beginning. */
async function listIn(
  { prefix, list }: Prefixed,
  { after = "", ...request }: ListRequest,
  signal: AbortSignal,
): Promise<ListPage> {
  const page = await list({ ...request, ...(after !== "" && { after }) }, signal);
  return {
    objects: page.objects.map((one) => ({ ...one, key: prefix + one.key })),
    folders: page.folders.map((name) => prefix + name),
    ...(page.next !== undefined && { next: prefix + page.next }),
  };
}
