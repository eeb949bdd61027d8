import { apiLimits } from "../../../contract/api.ts";
import { keyProblem } from "../../../contract/url/key.ts";

/** One object of a listing. */
export interface Listed {
  readonly key: string;
  readonly bytes: number;
  readonly modified?: Date;
}

export interface ListRequest {
  /** Empty, or a folder's name with its slash. */
  readonly folder: string;
  /** Whether the objects in its folders belong to it too. */
  readonly deep: boolean;
  /** `next` of the page before this one. */
  readonly after?: string;
  /** Maximum number of objects and folders on a page, at most {@link MOST_LISTED}. */
  readonly most: number;
}

/** A part of a listing. */
export interface ListPage {
  readonly objects: readonly Listed[];
  /** Names of the folders directly below, with their slash; none in a deep listing. */
  readonly folders: readonly string[];
  /** Where the next page begins, in a form that only this source reads; undefined: this page is the last. */
  readonly next?: string;
}

/**
 * Lists the objects of a source, page by page, in the order of their UTF-8 bytes, as S3 does. It has only keys that a request
 * can name, and never a key outside of the source's folder or prefix. A folder that does not exist is an empty one, as in a bucket.
 * @throws Problem `cannot-list` where the source has no listing; otherwise as a {@link import("../source.ts").Source} does.
 */
export type List = (request: ListRequest, signal: AbortSignal) => Promise<ListPage>;

/** The API's maximum, which is S3's too. */
export const MOST_LISTED: number = apiLimits.listed;

/** Some S3 clients make an object for a folder, whose key ends with a slash; it is not a photograph. */
export function isListed(key: string): boolean {
  return !key.endsWith("/") && !key.includes("//") && keyProblem(key) === undefined;
}

export function isListedFolder(name: string): boolean {
  return keyProblem(name) === undefined && !name.endsWith("//");
}
