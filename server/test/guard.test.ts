import { describe, expect, test } from "vitest";
import { Problem, type ProblemCode } from "../errors.ts";
import { guardSource } from "../source/guard.ts";
import { Refused, tellRefused } from "../source/refused.ts";
import type { Source } from "../source/source.ts";
import { report } from "./chaos.ts";

/** A source that answers as it is told, and counts. */
function scripted(answer: (call: number, key: string) => ProblemCode | Problem | undefined) {
  let calls = 0;
  const next = (key: string): void => {
    calls += 1;
    const problem = answer(calls, key);
    if (problem instanceof Problem) throw problem;
    if (problem !== undefined) throw new Problem(problem);
  };
  const stat = { validator: '"x"', bytes: 3 };
  const source: Source = {
    async stat(key) {
      next(key);
      return stat;
    },
    async open(key) {
      next(key);
      return { ...stat, body: new Blob(["abc"]).stream() };
    },
  };
  return { source, calls: () => calls };
}

const signal = new AbortController().signal;
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof Problem ? error.code : error),
  );
const pauseMs = () => 0;

describe("a guarded source", () => {
  test("is asked once more for a failure, when it has answered ten times before", async () => {
    const { source, calls } = scripted((call) => (call === 11 ? "source-failed" : undefined));
    const guarded = guardSource(source, { pauseMs });
    for (let n = 0; n < 11; n += 1) expect(await codeOf(guarded.stat("a", signal))).toBe("ok");
    expect(calls()).toBe(12);
  });

  test("is not asked again for what is absent, nor for a reader who has left", async () => {
    const absent = scripted(() => "source-absent");
    const guarded = guardSource(absent.source, { pauseMs });
    for (let n = 0; n < 100; n += 1) expect(await codeOf(guarded.stat("a", signal))).toBe("source-absent");
    expect(absent.calls()).toBe(100);
    const left = new AbortController();
    const { source, calls } = scripted((call) => {
      if (call < 11) return undefined;
      left.abort();
      return "source-failed";
    });
    const other = guardSource(source, { pauseMs });
    for (let n = 0; n < 10; n += 1) await other.stat("a", signal);
    expect(await codeOf(other.stat("a", left.signal))).toBe("source-failed");
    expect(calls()).toBe(11);
  });

  test("down for a minute is asked a tenth more often than readers ask, then hardly at all, then again at once", async () => {
    let clock = 0;
    let down = true;
    const { source, calls } = scripted(() => (down ? "source-timeout" : undefined));
    const guarded = guardSource(source, { now: () => clock, pauseMs });
    let readers = 0;
    for (; clock < 60_000; clock += 10) {
      readers += 1;
      await codeOf(guarded.stat("a", signal));
    }
    expect(readers).toBe(6000);
    // 20 calls open it; then one every 5 s.
    const asked = calls();
    expect(asked).toBeLessThanOrEqual(20 * 1.1 + 12);
    down = false;
    const closed = [];
    for (; clock < 66_000; clock += 500) closed.push(await codeOf(guarded.stat("a", signal)));
    expect(closed.at(-1)).toBe("ok");
    expect(closed).toContain("source-busy");
    report(
      "U6",
      "6,000 requests in a minute, every one failing (fake clock)",
      `${asked} requests to the source, open again within 6 s`,
    );
  });

  test("is asked by another reader when the one whose request was to decide has left", async () => {
    let clock = 0;
    const left = new AbortController();
    const { source } = scripted((call) => {
      if (call === 21) left.abort();
      return call <= 21 ? "source-timeout" : undefined;
    });
    const guarded = guardSource(source, { now: () => clock, pauseMs: () => 0 });
    for (let n = 0; n < 20; n += 1) await codeOf(guarded.stat("a", signal));
    expect(await codeOf(guarded.stat("a", signal))).toBe("source-busy");
    clock += 6_000;
    await codeOf(guarded.stat("a", left.signal));
    expect(await codeOf(guarded.stat("a", signal))).toBe("ok");
  });

  test("counts a body that breaks as a failure", async () => {
    const broken: Source = {
      stat: async () => ({ validator: '"x"', bytes: 3 }),
      open: async () => ({
        validator: '"x"',
        bytes: 3,
        body: new ReadableStream({
          pull() {
            throw new Problem("source-timeout");
          },
        }),
      }),
    };
    const guarded = guardSource(broken, { pauseMs });
    for (let n = 0; n < 10; n += 1) {
      const { body } = await guarded.open("a", signal);
      expect(await codeOf(new Response(body).arrayBuffer())).toBe("source-timeout");
    }
    // Half of what was seen were bodies that broke; every head was fine.
    expect(guarded.stats().opened).toBeGreaterThan(0);
    expect(await codeOf(guarded.stat("a", signal))).toBe("source-busy");
  });
});

describe("a source that refuses", () => {
  const refusal = new Problem("source-absent", { cause: new Refused("403") });

  test("has no such photograph while others are there", async () => {
    const { source } = scripted((_, key) => (key === "absent" ? refusal : undefined));
    const told = tellRefused(source);
    expect(await codeOf(told.stat("absent", signal))).toBe("source-absent");
    await told.stat("there", signal);
    expect(await codeOf(told.stat("absent", signal))).toBe("source-absent");
  });

  test("has failed when it refuses a photograph that was there", async () => {
    let open = true;
    const { source } = scripted(() => (open ? undefined : refusal));
    const told = tellRefused(source);
    await told.stat("there", signal);
    open = false;
    expect(await codeOf(told.stat("other", signal))).toBe("source-failed");
  });
});
