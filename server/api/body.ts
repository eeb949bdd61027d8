import { InvalidBody } from "../../contract/api.ts";
import { Problem } from "../errors.ts";

/**
 * A request's JSON, bounded by what arrives rather than by what it announces.
 * @throws InvalidBody for what is no JSON; Problem `body-too-large`.
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw new Problem("body-too-large");
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new Problem("body-too-large");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new InvalidBody("the body is not JSON");
  }
}
