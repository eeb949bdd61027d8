import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { Problem, type ProblemCode } from "../../errors.ts";
import { report } from "../../test/chaos/chaos.ts";
import { AccessDenied, isGone } from "../access-denied.ts";
import { type Body, bodyOf, readWhole } from "../body.ts";
import { confirmAbsence } from "../confirm-absence.ts";
import { retrySource } from "../remote/retry-breaker.ts";
import type { Source } from "../source.ts";

/** A source that gives the given answers, and counts requests. */
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
      return { ...stat, body: bodyOf(Buffer.from("abc")) };
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

describe("a source behind the circuit breaker", () => {
  test("a failed request to a source is retried once, after ten successful answers", async () => {
    const { source, calls } = scripted((call) => (call === 11 ? "source-failed" : undefined));
    const guarded = retrySource(source, { pauseMs });
    for (let n = 0; n < 11; n += 1) expect(await codeOf(guarded.stat("a", signal))).toBe("ok");
    expect(calls()).toBe(12);
  });

  test("a request to a source is not retried if the photograph is absent or the reader has left", async () => {
    const absent = scripted(() => "source-absent");
    const guarded = retrySource(absent.source, { pauseMs });
    for (let n = 0; n < 100; n += 1) expect(await codeOf(guarded.stat("a", signal))).toBe("source-absent");
    expect(absent.calls()).toBe(100);
    const left = new AbortController();
    const { source, calls } = scripted((call) => {
      if (call < 11) return undefined;
      left.abort();
      return "source-failed";
    });
    const other = retrySource(source, { pauseMs });
    for (let n = 0; n < 10; n += 1) await other.stat("a", signal);
    expect(await codeOf(other.stat("a", left.signal))).toBe("source-failed");
    expect(calls()).toBe(11);
  });

  test("a source that is down for a minute gets a tenth more requests than readers send, then hardly any, then all at once again", async () => {
    let clock = 0;
    let down = true;
    const { source, calls } = scripted(() => (down ? "source-timeout" : undefined));
    const guarded = retrySource(source, { now: () => clock, pauseMs });
    let readers = 0;
    for (; clock < 60_000; clock += 10) {
      readers += 1;
      await codeOf(guarded.stat(`${readers % 7}.jpg`, signal));
    }
    expect(readers).toBe(6000);
    // 20 calls open it; then those of three photographs every 5 s.
    const asked = calls();
    expect(asked).toBeLessThanOrEqual(20 * 1.1 + 3 * 12);
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

  test("the circuit breaker opens only after three photographs have failed, however often two are requested", async () => {
    const { source } = scripted((_, key) => (key === "good.jpg" ? undefined : "source-timeout"));
    const guarded = retrySource(source, { pauseMs });
    for (let n = 0; n < 100; n += 1) await codeOf(guarded.stat(`${n % 2}.jpg`, signal));
    expect(guarded.stats().opened).toBe(0);
    expect(await codeOf(guarded.stat("good.jpg", signal))).toBe("ok");
    await codeOf(guarded.stat("2.jpg", signal));
    expect(guarded.stats().opened).toBe(1);
    expect(await codeOf(guarded.stat("good.jpg", signal))).toBe("source-busy");
  });

  test.each([
    "source-absent",
    "withheld-source",
    "moved-source",
    "source-misconfigured",
    "bad-range",
  ] as const)("%s is neither retried nor counted by the circuit breaker", async (code) => {
    const { source, calls } = scripted((_, key) => (key === "good.jpg" ? undefined : code));
    const guarded = retrySource(source, { pauseMs });
    for (let n = 0; n < 100; n += 1) expect(await codeOf(guarded.stat(`${n}.jpg`, signal))).toBe(code);
    expect(await codeOf(guarded.stat("good.jpg", signal))).toBe("ok");
    expect([calls(), guarded.stats()]).toEqual([101, { retries: 0, opened: 0 }]);
  });

  test("the circuit breaker closes as soon as one photograph succeeds, whichever still fail", async () => {
    let clock = 0;
    const { source } = scripted((call, key) =>
      call <= 20 || /^[01]/.test(key) ? "source-timeout" : undefined,
    );
    const guarded = retrySource(source, { now: () => clock, pauseMs });
    for (let n = 0; n < 20; n += 1) await codeOf(guarded.stat(`${n}.jpg`, signal));
    expect(guarded.stats().opened).toBe(1);
    clock += 6_000;
    // First two photographs fail for reasons of their own, one of them twice.
    expect(await codeOf(guarded.stat("0.jpg", signal))).toBe("source-timeout");
    expect(await codeOf(guarded.stat("0.jpg", signal))).toBe("source-busy");
    expect(await codeOf(guarded.stat("1.jpg", signal))).toBe("source-timeout");
    expect(await codeOf(guarded.stat("2.jpg", signal))).toBe("ok");
    expect(await codeOf(guarded.stat("3.jpg", signal))).toBe("ok");
    expect(guarded.stats().opened).toBe(1);
  });

  test("if the reader whose request is the half-open probe leaves, another reader's request is the probe", async () => {
    let clock = 0;
    const left = new AbortController();
    const { source } = scripted((call) => {
      if (call === 21) left.abort();
      return call <= 21 ? "source-timeout" : undefined;
    });
    const guarded = retrySource(source, { now: () => clock, pauseMs: () => 0 });
    for (let n = 0; n < 20; n += 1) await codeOf(guarded.stat(`${n}.jpg`, signal));
    expect(await codeOf(guarded.stat("a", signal))).toBe("source-busy");
    clock += 6_000;
    await codeOf(guarded.stat("a", left.signal));
    expect(await codeOf(guarded.stat("a", signal))).toBe("ok");
  });

  test("a body that breaks counts as a failure for the circuit breaker", async () => {
    const broken: Source = {
      stat: async () => ({ validator: '"x"', bytes: 3 }),
      open: async () => ({
        validator: '"x"',
        bytes: 3,
        body: { read: () => Promise.reject(new Problem("source-timeout")), cancel: () => undefined },
      }),
    };
    const guarded = retrySource(broken, { pauseMs });
    for (let n = 0; n < 10; n += 1) {
      const { body } = await guarded.open(`${n}.jpg`, signal);
      expect(await codeOf(body.read())).toBe("source-timeout");
    }
    // Half of the results were bodies that broke off; every head was fine.
    expect(guarded.stats().opened).toBeGreaterThan(0);
    expect(await codeOf(guarded.stat("a", signal))).toBe("source-busy");
  });
});

describe("a source that refuses everything", () => {
  const refusal = (of: ProblemCode, alone: ProblemCode = of) =>
    new Problem(alone, { cause: new AccessDenied(new Problem(of), new Error("403")) });

  test.each([
    ["source-absent", "source-absent"],
    ["withheld-source", "source-misconfigured"],
  ] as const)(
    "a refused object is %s while another is readable, and %s may be while none is known",
    async (of, alone) => {
      const { source } = scripted((_, key) => (key === "refused" ? refusal(of, alone) : undefined));
      const told = confirmAbsence(source);
      expect(await codeOf(told.stat("refused", signal))).toBe(alone);
      await told.stat("there", signal);
      const known = await told.stat("refused", signal).catch((error: unknown) => error);
      expect([known instanceof Problem && known.code, isGone(known)]).toEqual([of, of === "source-absent"]);
    },
  );

  test("a source that refuses photographs that it had is misconfigured, and nothing counts as gone", async () => {
    let open = true;
    const { source } = scripted(() => (open ? undefined : refusal("source-absent")));
    const told = confirmAbsence(source);
    await told.stat("there", signal);
    open = false;
    expect(await codeOf(told.stat("other", signal))).toBe("source-misconfigured");
    // It knew only one photograph, so it cannot request another one.
    const same = await told.stat("there", signal).catch((error: unknown) => error);
    expect([same instanceof Problem && same.code, isGone(same)]).toEqual(["source-absent", false]);
  });

  test("while known photographs cannot be checked, neither a refusal nor an absence is believed", async () => {
    const { source } = scripted(() => new Problem("source-absent"));
    const unreadable = {
      add: () => undefined,
      forget: () => undefined,
      list: () => Promise.reject(new Error("EIO")),
    };
    const lost = await confirmAbsence(source, unreadable)
      .stat("a", signal)
      .catch((error: unknown) => error);
    expect([lost instanceof Problem && lost.code, isGone(lost)]).toEqual(["source-absent", false]);
  });

  test("a source is asked for one canary at a time, however many photographs are absent together", async () => {
    let looks = 0;
    const { source } = scripted((_, key) => {
      if (key !== "there") return new Problem("source-absent");
      looks += 1;
      return undefined;
    });
    const told = confirmAbsence(source);
    await told.stat("there", signal);
    const lost = await Promise.all(
      Array.from({ length: 100 }, (_, at) => told.stat(`${at}`, signal).catch((error: unknown) => error)),
    );
    expect(lost.filter(isGone)).toHaveLength(100);
    expect(looks).toBeLessThan(5);
  });
});

describe("a silent source", () => {
  /** The first attempts get no answer; later ones do. */
  function silent(attempts: number) {
    const signals: AbortSignal[] = [];
    const source: Source = {
      stat: (_, signal) => {
        signals.push(signal);
        if (signals.length > attempts) return Promise.resolve({ validator: '"x"', bytes: 3 });
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Problem("source-timeout")), { once: true }),
        );
      },
      open: () => Promise.reject(new Problem("source-absent")),
    };
    return { source, signals };
  }

  test("a silent source gets a second attempt in parallel, which wins, and the first is cancelled", async () => {
    const { source, signals } = silent(1);
    const guarded = retrySource(source, { patienceMs: 20 });
    expect(await codeOf(guarded.stat("a", signal))).toBe("ok");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(guarded.stats()).toEqual({ retries: 1, opened: 0 });
  });

  test("requests that have ended leave no listener on their signal: a stat, a read, a retry, a second attempt, an abandoned body", async () => {
    const ended = new AbortController().signal;
    const { source } = scripted((call) => (call === 1 ? "source-failed" : undefined));
    const guarded = retrySource(source, { pauseMs });
    await guarded.stat("a", ended);
    const { body, bytes } = await guarded.open("a", ended);
    await readWhole(body, bytes, () => true);
    (await guarded.open("a", ended)).body.cancel();
    await retrySource(silent(1).source, { patienceMs: 20 }).stat("a", ended);
    expect(guarded.stats().retries).toBe(1);
    expect(getEventListeners(ended, "abort")).toEqual([]);
  });

  test("the second attempt's answer that there is no such photograph is final, although the first is still silent", async () => {
    const signals: AbortSignal[] = [];
    const source: Source = {
      stat: (_, signal) => {
        if (signals.push(signal) === 2) return Promise.reject(new Problem("source-absent"));
        return new Promise(() => undefined);
      },
      open: () => Promise.reject(new Problem("internal")),
    };
    const guarded = retrySource(source, { patienceMs: 20 });
    expect(await codeOf(guarded.stat("a", new AbortController().signal))).toBe("source-absent");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  test("a silent source gets at most ten retries and a tenth of the requests, and then no more requests", async () => {
    const { source, signals } = silent(Number.POSITIVE_INFINITY);
    const guarded = retrySource(source, { patienceMs: 20 });
    const readers = 40;
    const asking = Array.from({ length: readers }, (_, n) =>
      codeOf(guarded.stat(`${n}.jpg`, AbortSignal.timeout(200))),
    );
    await Promise.all(asking);
    expect(signals.length).toBeLessThanOrEqual(readers + 10 + readers / 10);
    expect(guarded.stats().opened).toBeGreaterThan(0);
    expect(await codeOf(guarded.stat("other", signal))).toBe("source-busy");
  });

  test("a source that is silent in the middle of a body is asked for the rest in parallel, and the result is whole", async () => {
    const asked: unknown[] = [];
    let cancelled = 0;
    const source: Source = {
      stat: async () => ({ validator: '"x"', bytes: 6 }),
      async open(_, __, range) {
        asked.push(range);
        const rest = bodyOf(Buffer.from("abcdef".slice(range?.first ?? 0)));
        const pieces = [Promise.resolve(Buffer.from("abc")), new Promise<never>(() => undefined)];
        const cancel = (): void => {
          cancelled += 1;
        };
        const stalls: Body = { read: async () => pieces.shift(), cancel };
        return { validator: '"x"', bytes: 6, body: range === undefined ? stalls : rest };
      },
    };
    const { body } = await retrySource(source, { patienceMs: 20, pauseMs }).open("a", signal);
    expect(String(await readWhole(body, 6, () => true))).toBe("abcdef");
    expect([asked, cancelled]).toEqual([[undefined, { first: 3, last: 5 }], 1]);
  });
});
