/** Long enough for a client that is still sending to notice the answer. */
const OPEN_MS = 500;

/**
 * A body after which the connection stays open for a moment. The rest of the request is not read, and a socket that is closed
 * with unread bytes resets the connection (RFC 9112 §9.6): a client that is still sending fails then, and never sees the answer.
 */
export function withLateClose(body: Uint8Array): ReadableStream<Uint8Array> {
  let closing: NodeJS.Timeout | undefined;
  return new ReadableStream({
    start(stream) {
      stream.enqueue(body);
      closing = setTimeout(() => stream.close(), OPEN_MS);
    },
    cancel: () => clearTimeout(closing),
  });
}
