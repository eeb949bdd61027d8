import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A storage of photographs that refuses some on demand: over S3 and, below `/bucket/`, as a web server. */
export interface Storage extends AsyncDisposable {
  /** For `S3_ENDPOINT`. */
  readonly endpoint: string;
  /** Each request, such as `GET worms.jpg`, in order. */
  readonly asked: string[];
  /** What it says of a key instead of giving it, if anything. Set it to change its mind. */
  refuse: (key: string, method: string) => Refusing | undefined;
}

export interface Refusing {
  readonly status: number;
  /** S3's; absent: a page of HTML. */
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What S3 says of an object that a lifecycle rule has archived: HEAD is answered, GET is not. */
export const archived = (key: string, method: string): Refusing | undefined =>
  key.startsWith("archived/") && method === "GET"
    ? {
        status: 403,
        code: "InvalidObjectState",
        message: "The operation is not valid for the object's storage class",
      }
    : undefined;

/** @param photo what every key has. */
export async function startStorage(photo: Uint8Array): Promise<Storage> {
  const asked: string[] = [];
  const storage: Pick<Storage, "asked" | "refuse"> = { asked, refuse: () => undefined };
  const server = createServer((request, response) => {
    const key = decodeURIComponent((request.url ?? "").split("?")[0]?.slice("/bucket/".length) ?? "");
    asked.push(`${request.method} ${key}`);
    const refusing = storage.refuse(key, request.method ?? "");
    if (refusing === undefined) give(request, response, photo, key);
    else refuse(request, response, refusing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(storage, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function give(request: IncomingMessage, response: ServerResponse, photo: Uint8Array, key: string): void {
  const headers = { etag: `"${Buffer.from(key).toString("hex")}"`, "content-length": photo.byteLength };
  response.writeHead(200, { "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT", ...headers });
  response.end(request.method === "HEAD" ? undefined : photo);
}

function refuse(request: IncomingMessage, response: ServerResponse, refusing: Refusing): void {
  const { status, code, message = "m", headers } = refusing;
  const storageClass = code === "InvalidObjectState" ? "<StorageClass>DEEP_ARCHIVE</StorageClass>" : "";
  const body =
    code === undefined
      ? "<html><head><title>It is not so</title></head></html>"
      : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message>${storageClass}</Error>`;
  response.writeHead(status, {
    "content-type": code === undefined ? "text/html" : "application/xml",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
