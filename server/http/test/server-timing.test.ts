import { expect, onTestFinished, test } from "vitest";
import { createWorld } from "../../test/support/world.ts";

test("in development a response has its timings, as in the log", async () => {
  const world = await createWorld({ dev: true });
  onTestFinished(() => world.close());
  const answer = await world.get("/?img=missing.jpg&q=50");
  expect(answer.headers.get("server-timing")).toMatch(/^total;dur=\d+\.\d$/);
});

test("in production responses have no timings, and the log has the trace", async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const answer = await world.get("/?img=missing.jpg&q=50", { headers: { traceparent } });
  expect(answer.headers.has("server-timing")).toBe(false);
  expect(world.lines).toMatchObject([
    { trace: "0af7651916cd43dd8448eb211c80319c", ms: { total: expect.any(Number) } },
  ]);
});
