import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { withLateClose } from "../late-close.ts";

test("an answer is sent at once, and its connection stays open for a moment", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const reader = withLateClose(new TextEncoder().encode("too long")).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("too long");
  const end = reader.read();
  expect(await Promise.race([end, setImmediate("still open")])).toBe("still open");
  vi.advanceTimersByTime(500);
  expect((await end).done).toBe(true);
});
