import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "../machine/ports.ts";

test("a preferred port that is free is used", async () => {
  const { port } = await freePort();
  expect(await freePort(port)).toEqual({ port, busy: false });
});

test("no free port is given twice, and the system gives none of them to a connection or to another server", async () => {
  const found = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  const ports = found.map(({ port }) => port);
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  // A browser refuses 10080.
  expect(Math.min(...ports)).toBeGreaterThan(10_080);
  // The process with the next pid gives others.
  expect(new Set(ports.map((port) => port % 16))).toEqual(new Set([process.pid % 16]));
});

test("a port that another program has on one address is replaced by a free one", async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, "127.0.0.1", () => {
      const address = other.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const found = await freePort(port);
  expect(found.busy).toBe(true);
  expect(found.port).not.toBe(port);
  other.close();
});
