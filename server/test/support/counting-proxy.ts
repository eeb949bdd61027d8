import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A proxy in front of a real storage that records the requests. */
export interface CountingProxy {
  readonly url: string;
  /** Such as `GET /photos/worms.jpg`, in order. */
  readonly seen: string[];
}

/** Passes everything on unchanged, including the host, which S3's signatures cover. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url: path = "/", headers } = incoming;
    seen.push(`${method} ${path.replace(/\?.*/, "")}`);
    const passed = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server has this kind of address: it listens on no pipe.
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, seen };
}
