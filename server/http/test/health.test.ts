import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../dev/machine/ports.ts";
import { askHealth } from "../health.ts";

test("a server that answers 200 on /livez is healthy", async () => {
  const asked: (string | undefined)[] = [];
  const port = await serve((request, response) => {
    asked.push(request.url);
    response.end("ok");
  });
  expect(await askHealth(port, 60_000)).toBeUndefined();
  expect(asked).toEqual(["/livez"]);
});

test("a server that answers anything else, or nothing, is not healthy", async () => {
  const sick = await serve((_request, response) => response.writeHead(503).end());
  expect(await askHealth(sick, 60_000)).toBe("/livez says 503");
  const hung = await serve(() => {});
  expect(await askHealth(hung, 50)).toContain("no answer within 50 ms");
});

test("a port on which nothing listens is not healthy", async () => {
  const { port } = await freePort();
  expect(await askHealth(port, 60_000)).toContain(`nothing healthy on ADMIN_PORT ${port}`);
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
