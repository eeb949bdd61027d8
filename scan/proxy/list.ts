import * as v from "valibot";
import { apiPaths, type ListBody } from "../../contract/api.ts";
import { check } from "../../contract/schema.ts";
import { keyProblem } from "../../contract/url/key.ts";
import { apiCall } from "./api-call.ts";
import { blameOf, type Refusal } from "./blame.ts";
import type { Answer } from "./client.ts";
import { apiRefusal, jsonOf, notOurs, refusalOf } from "./parse-answers.ts";
import { request, type Server } from "./request.ts";
import { inRounds } from "./rounds.ts";

/** A folder of the source. */
export interface Folder {
  /** With its slash; empty for the root. */
  readonly folder: string;
  /** Whether its folders are listed too. */
  readonly deep: boolean;
}

/** What a folder contains, or why that is not known. */
export type Listing = Listed | { readonly problem: Refusal };

export interface Listed {
  readonly objects: readonly ListedObject[];
  /** Folders directly below, with their slash; none in a deep listing. */
  readonly folders: readonly string[];
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified?: string;
}

/** Listings by {@link folderName}. */
export type Listings = ReadonlyMap<string, Listing>;

/** `trips/`, and `trips/**` with its folders. */
export function folderName({ folder, deep }: Folder): string {
  return deep ? `${folder}**` : folder;
}

/** Of one listing: more belong to a whole bucket, not to a gallery, and each thousand is a request. */
const MOST_OBJECTS = 100_000;

/**
 * Lists folders, each once. A folder that the storage does not list now is tried again within the timeout.
 * @throws Unanswered when the proxy does not answer within the timeout; CannotRun when it refuses the token.
 */
export async function listFolders(server: Server, folders: Iterable<Folder>): Promise<Listings> {
  const wanted = new Map([...folders].map((one) => [folderName(one), one]));
  const found = new Map<string, Listing>();
  await inRounds(server, [...wanted], 1, async (batch) => {
    const again = new Map<(typeof batch)[number], Refusal>();
    for (const item of batch) {
      const listing = await listFolder(server, item[1]);
      found.set(item[0], listing);
      if ("problem" in listing && blameOf(listing.problem.code) === "storage")
        again.set(item, listing.problem);
    }
    return again;
  });
  return found;
}

// --- one folder ---

async function listFolder(server: Server, { folder, deep }: Folder): Promise<Listing> {
  const objects: ListedObject[] = [];
  const folders: string[] = [];
  for (let after: string | undefined; ; ) {
    const body = { folder, ...(deep && { deep }), ...(after !== undefined && { after }) };
    const page = await listPage(server, body);
    if ("problem" in page) return page;
    objects.push(...page.objects);
    folders.push(...page.folders);
    if (objects.length > MOST_OBJECTS) return { problem: tooMany(folder) };
    if (page.next === undefined) return { objects, folders };
    after = page.next;
  }
}

type Page = (Listed & { readonly next?: string | undefined }) | { readonly problem: Refusal };

async function listPage(server: Server, body: ListBody): Promise<Page> {
  const call = apiCall(server, "POST", apiPaths.list, body);
  return request(server, {
    ...call,
    read: async (answer) =>
      answer.ok
        ? parsePage(await jsonOf(answer, call.url), body, call.url)
        : refusedPage(server, answer, call.url),
    // A large folder is read whole for each page.
    silenceMs: Number.POSITIVE_INFINITY,
  });
}

/** Only keys of the folder, because they go into the manifest and from there into pages. */
function parsePage(said: unknown, { folder, after }: ListBody, url: string): Page {
  const checked = check(listAnswer, said);
  if ("fault" in checked || (after !== undefined && checked.value.next === after)) throw notOurs(url);
  const { objects, folders, next } = checked.value;
  const isInside = (name: string) => name.startsWith(folder) && keyProblem(name) === undefined;
  return { objects: objects.filter(({ key }) => isInside(key)), folders: folders.filter(isInside), next };
}

/** @throws CannotRun if the token is refused, or if the server has no such call. */
async function refusedPage(server: Server, answer: Answer, url: string): Promise<Page> {
  const refusal = await refusalOf(answer);
  if (server.token === undefined && [401, 403, 404].includes(answer.status))
    return { problem: { code: NEEDS_TOKEN, detail: tokenWords } };
  if (refusal === undefined || answer.status < 500) throw await apiRefusal(answer, url);
  return { problem: refusal };
}

/** {@link Refusal.code} where the server lists its photographs for nobody without a token. */
export const NEEDS_TOKEN = "needs-token";

const tokenWords =
  "the server lists its photographs only for a publish: give --token (or TOKEN), or use a server on this machine that runs with --dev";

function tooMany(folder: string): Refusal {
  return {
    code: "too-many",
    detail: `${folder === "" ? "the source" : folder} has more than ${MOST_OBJECTS.toLocaleString("en")} files: name a folder in it`,
  };
}

const listAnswer = v.object({
  objects: v.array(
    v.object({
      key: v.string(),
      bytes: v.number(),
      modified: v.exactOptional(v.string()),
    }),
  ),
  folders: v.array(v.string()),
  next: v.optional(v.string()),
});
