import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import path from "node:path";

/** A web server for built sites, on a free port of this machine. */
export interface PagesServer extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  /** From now on it serves this folder. */
  show(folder: string): void;
}

/** @param headers of every answer, such as a Content-Security-Policy. */
export async function startPagesServer(headers: Readonly<Record<string, string>> = {}): Promise<PagesServer> {
  let shown = "";
  const answer: RequestListener = (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    void findFile(shown, decodeURIComponent(pathname)).then(async (file) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.statusCode = file === undefined ? 404 : 200;
      response.setHeader("content-type", types[path.extname(file ?? "")] ?? "application/octet-stream");
      response.end(file === undefined ? "Not found." : await readFile(file));
    });
  };
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    show(folder) {
      shown = folder;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function findFile(folder: string, pathname: string): Promise<string | undefined> {
  const file = path.join(folder, path.posix.normalize(`/${pathname}`));
  for (const one of [file, path.join(file, "index.html")])
    if (
      await stat(one).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      return one;
  return undefined;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".xml": "application/xml",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};
