import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../../server/test/support/pictures.ts";
import { ask } from "../corpus-answers.ts";

test("the corpus sends a request again to a busy server, and reports an answer whose type is not that of its bytes", async () => {
  const jpeg = await photo(16, 12).jpeg().toBuffer();
  let busy = 2;
  const server = createServer(({ url }, response) => {
    const problem = { "content-type": "application/problem+json", "retry-after": "0" };
    if (url === "/busy" && busy-- > 0) response.writeHead(503, problem).end('{"code":"busy"}');
    else if (url === "/bad") response.writeHead(422, problem).end("{}");
    else if (url === "/broken") response.writeHead(503, problem).end('{"code":"encode-failed"}');
    else if (url === "/page") response.writeHead(422, { "content-type": "text/html" }).end("<p>");
    else response.writeHead(200, { "content-type": url === "/lie" ? "image/webp" : "image/jpeg" }).end(jpeg);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const found = async (path: string) => {
    const { status, fault = "" } = await ask(`http://127.0.0.1:${port}${path}`, path);
    return [status, fault];
  };
  expect(await found("/busy")).toEqual([200, ""]);
  expect(await found("/bad")).toEqual([422, ""]);
  expect(await found("/broken")).toEqual([503, ""]);
  expect(await found("/lie")).toEqual([200, "labelled image/webp, and is image/jpeg"]);
  expect(await found("/page")).toEqual([422, "labelled text/html, and is application/problem+json"]);
});
