import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A storage in memory that speaks as much S3 as an upload needs, for faults that a real one does not show on demand. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Each request, such as `PUT a.jpg`. */
  readonly asked: string[];
  /** Answers instead of the storage: an S3 error, or `cut`: the connection ends without an answer. */
  fault: (method: string, key: string) => S3Fault | "cut" | undefined;
}

export interface S3Fault {
  readonly status: number;
  readonly code: string;
}

export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const asked: string[] = [];
  const state: Pick<S3Server, "fault"> = { fault: () => undefined };
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "";
    const key = decodeURIComponent((request.url ?? "").split("?")[0] ?? "").replace(/^\/[^/]+\//, "");
    asked.push(`${method} ${key}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const fault = state.fault(method, key);
    if (fault === "cut") return void request.socket.destroy();
    const refuse = ({ status, code }: S3Fault) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(
        method === "HEAD"
          ? undefined
          : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`,
      );
    };
    if (fault !== undefined) return refuse(fault);
    const there = objects.get(key);
    if (method === "PUT") {
      const hash = createHash("sha256").update(body).digest("hex");
      if (request.headers["x-amz-content-sha256"] !== hash)
        return refuse({ status: 400, code: "XAmzContentSHA256Mismatch" });
      if (request.headers["if-none-match"] === "*" && there !== undefined)
        return refuse({ status: 412, code: "PreconditionFailed" });
      objects.set(key, body);
      response.end();
    } else if (there === undefined) refuse({ status: 404, code: "NoSuchKey" });
    else {
      response.writeHead(200, { "content-length": there.byteLength });
      response.end(method === "HEAD" ? undefined : there);
    }
  }

  return Object.assign(state, {
    objects,
    asked,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
