import type { Answer } from "../http/response.ts";
import { alive, soon } from "./alive.ts";

/** A success without content. */
export const nothing: Answer = { status: 204, headers: { "cache-control": "no-store" }, body: null };

export function json(status: number, value: unknown): Answer {
  return whole(status, "application/json", new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

export function whole(status: number, type: string, body: Uint8Array): Answer {
  return {
    status,
    headers: {
      "content-type": type,
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
    },
    body,
  };
}

/** JSON that may take a while. @throws early errors of the work; a late error cuts the response. */
export async function slowJson(work: Promise<unknown>): Promise<Answer> {
  const done = await soon(work);
  if (done !== undefined) return json(200, done.value);
  return streamed("application/json", alive(lines(once(work))));
}

async function* once(work: Promise<unknown>): AsyncGenerator<unknown> {
  yield await work;
}

/** Each line as soon as it is known: a scan shows progress. */
export function ndjson(values: AsyncGenerator<unknown>): Answer {
  return streamed("application/x-ndjson", alive(lines(values)));
}

async function* lines(values: AsyncGenerator<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

export function streamed(type: string, parts: AsyncGenerator<string>): Answer {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void (await parts.return(undefined)),
  });
  // Otherwise nginx would buffer the parts.
  return {
    status: 200,
    headers: { "content-type": type, "cache-control": "no-store", "x-accel-buffering": "no" },
    body,
  };
}
