import { describe, expect, test } from "vitest";
import { Problem } from "../../errors.ts";
import { createSemaphore } from "../semaphore.ts";

const signal = new AbortController().signal;
const limits = { amount: 10, mostWaiting: 2, waitMs: 60_000 };
const settled = async (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    work.then(
      () => "taken",
      (error: unknown) => (error instanceof Problem ? error.code : error),
    ),
    new Promise((resolve) => setTimeout(() => resolve("waiting"), 10)),
  ]);

describe("a budget", () => {
  test("is taken until it is used up, and given to who waited first", async () => {
    const budget = createSemaphore(limits);
    const back = await budget.acquire(7, signal);
    const second = budget.acquire(7, signal);
    const third = budget.acquire(1, signal);
    // Small ones do not slip past: a large photograph would wait for ever.
    expect([await settled(second), await settled(third), budget.used]).toEqual(["waiting", "waiting", 7]);
    back();
    back();
    expect([await settled(second), await settled(third), budget.used]).toEqual(["taken", "taken", 8]);
  });

  test("lets nobody wait behind too many others, or too long", async () => {
    const budget = createSemaphore({ ...limits, waitMs: 30 });
    await budget.acquire(10, signal);
    const waiting = [budget.acquire(1, signal), budget.acquire(1, signal)];
    expect(await settled(budget.acquire(1, signal))).toBe("busy");
    for (const one of waiting) await expect(one).rejects.toThrow(expect.objectContaining({ code: "busy" }));
  });

  test("forgets who leaves, and goes on with the next", async () => {
    const budget = createSemaphore(limits);
    const back = await budget.acquire(5, signal);
    const leaver = new AbortController();
    const left = budget.acquire(9, leaver.signal);
    const next = budget.acquire(5, signal);
    leaver.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(await settled(next)).toBe("taken");
    back();
    expect(budget.used).toBe(5);
  });

  test("gives what is larger than all of it when nothing else is out", async () => {
    const budget = createSemaphore(limits);
    const back = await budget.acquire(50, signal);
    expect(await settled(budget.acquire(1, signal))).toBe("waiting");
    back();
  });
});
