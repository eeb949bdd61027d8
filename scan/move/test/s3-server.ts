import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";

/** A storage in memory that speaks as much S3 as an upload needs, for faults that a real one does not show on demand. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Each request, such as `PUT a.jpg`. */
  readonly asked: string[];
  /** Uploads in parts that have not ended, by their identifier. */
  readonly uploads: Map<string, Upload>;
  /** Answers instead of the storage: an S3 error, or `cut`: the connection ends without an answer. */
  fault: (method: string, key: string) => S3Fault | "cut" | undefined;
}

export interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

export interface S3Fault {
  readonly status: number;
  readonly code: string;
}

export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const asked: string[] = [];
  const uploads = new Map<string, Upload>();
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
    const hash = createHash("sha256").update(body).digest("hex");
    if (method === "PUT" && request.headers["x-amz-content-sha256"] !== hash)
      return refuse({ status: 400, code: "XAmzContentSHA256Mismatch" });
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const id = searchParams.get("uploadId") ?? "";
    const upload = uploads.get(id);
    if (id !== "" && upload === undefined) return refuse({ status: 404, code: "NoSuchUpload" });
    const xml = (text: string) =>
      response.writeHead(200, { "content-type": "application/xml" }).end(`<?xml version="1.0"?>${text}`);
    if (searchParams.has("uploads") && method === "POST") {
      const begun = randomUUID();
      uploads.set(begun, { key, parts: new Map() });
      xml(`<R><UploadId>${begun}</UploadId></R>`);
    } else if (searchParams.has("uploads"))
      xml(
        `<R>${Array.from(uploads, ([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`).join("")}</R>`,
      );
    else if (upload !== undefined && method === "GET")
      xml(
        `<R>${Array.from(upload.parts, ([number, part]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${md5(part)}"</ETag></Part>`).join("")}</R>`,
      );
    else if (upload !== undefined && method === "DELETE") {
      uploads.delete(id);
      response.writeHead(204).end();
    } else if (upload !== undefined && method === "PUT") {
      upload.parts.set(Number(searchParams.get("partNumber")), body);
      response.writeHead(200, { etag: `"${md5(body)}"` }).end();
    } else if (upload !== undefined) {
      if (request.headers["if-none-match"] === "*" && there !== undefined)
        return refuse({ status: 412, code: "PreconditionFailed" });
      const named = [...body.toString().matchAll(/<ETag>(?:&quot;|")?(\w+)/g)].map(([, tag]) => tag).sort();
      if (!isDeepStrictEqual(named, [...upload.parts.values()].map(md5).sort()))
        return refuse({ status: 400, code: "InvalidPart" });
      objects.set(key, Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part)));
      uploads.delete(id);
      xml("<R><ETag>whole</ETag></R>");
    } else if (method === "PUT") {
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
    uploads,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function md5(content: Buffer): string {
  return createHash("md5").update(content).digest("hex");
}
