import { InvalidBody } from "../../contract/api.ts";

/** Limit of most bodies. */
export const MEBIBYTE = 2 ** 20;

/** A request's body as it comes in; the route's body limit bounds it. */
export function bodyOf(request: Request): AsyncIterable<Uint8Array> {
  return request.body ?? new ReadableStream({ start: (empty) => empty.close() });
}

/**
 * A request's JSON; the route's body limit applies.
 * @throws InvalidBody for invalid JSON; h3's 413 for a body that is too long.
 */
export async function readJson(request: Request): Promise<unknown> {
  const body = await request.arrayBuffer();
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new InvalidBody("the body is not JSON");
  }
}
