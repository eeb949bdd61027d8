import { describe, expect, test } from "vitest";
import { Problem } from "../../errors.ts";
import { oneClient } from "../clients.ts";
import { createSemaphore, type Semaphore, type SemaphoreLimits } from "../semaphore.ts";
import { createSingleFlight } from "../single-flight.ts";

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

function take(from: Semaphore, amount: number, client = "a"): Promise<() => void> {
  const taking = from.acquire({ amount, clients: oneClient(client), signal: new AbortController().signal });
  taking.catch(() => undefined);
  return taking;
}

/** The test sets its clock. */
function createTimed(more: Partial<SemaphoreLimits>) {
  const clock = { ms: 0 };
  return {
    clock,
    shared: createSemaphore({ amount: 2, mostWaiting: 100, waitMs: 60_000, now: () => clock.ms, ...more }),
  };
}

describe("a semaphore", () => {
  test("a semaphore gives its amount away until it is used up, and then in the order of the queue", async () => {
    const bytes = createSemaphore(limits);
    const back = await take(bytes, 7);
    const second = take(bytes, 7);
    const third = take(bytes, 1);
    // Small ones do not overtake: otherwise a large photograph would wait for ever.
    expect([await settled(second), await settled(third), bytes.used]).toEqual(["waiting", "waiting", 7]);
    back();
    back();
    expect([await settled(second), await settled(third), bytes.used]).toEqual(["taken", "taken", 8]);
  });

  test("a semaphore refuses claims when the queue is full or the wait would be too long", async () => {
    const bytes = createSemaphore({ ...limits, waitMs: 300 });
    await take(bytes, 10);
    const waiting = [take(bytes, 1), take(bytes, 1)];
    expect(await settled(take(bytes, 1))).toBe("busy");
    for (const one of waiting) await expect(one).rejects.toThrow(expect.objectContaining({ code: "busy" }));
  });

  test("a semaphore drops a claim whose client leaves, and serves the next one", async () => {
    const bytes = createSemaphore(limits);
    const back = await take(bytes, 5);
    const leaver = new AbortController();
    const left = bytes.acquire({ amount: 9, clients: oneClient("a"), signal: leaver.signal });
    const next = take(bytes, 5);
    leaver.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(await settled(next)).toBe("taken");
    back();
    expect(bytes.used).toBe(5);
  });

  test("a semaphore gives a claim that is larger than its total when nothing else is held", async () => {
    const bytes = createSemaphore(limits);
    const back = await take(bytes, 50);
    expect(await settled(take(bytes, 1))).toBe("waiting");
    back();
  });
});

describe("clients of one semaphore", () => {
  test("clients of a semaphore go first by how little they have used: an early large claim does not block the others", async () => {
    const { clock, shared } = createTimed({});
    const held = [await take(shared, 1, "greedy"), await take(shared, 1, "greedy")];
    const order: string[] = [];
    for (const client of ["greedy", "greedy", "greedy", "b", "c", "b"])
      void take(shared, 1, client).then((back) => {
        order.push(client);
        clock.ms += 100;
        back();
      });
    clock.ms += 1_000;
    for (const back of held) back();
    await expect.poll(() => order).toEqual(["b", "c", "b", "greedy", "greedy", "greedy"]);
  });

  test("clients of a semaphore become equal again when their use is long ago", async () => {
    const { clock, shared } = createTimed({ amount: 1 });
    (await take(shared, 1, "a"))();
    const back = await take(shared, 1, "a");
    clock.ms += 1_000;
    back();
    clock.ms += 3_600_000;
    const last = await take(shared, 1, "b");
    clock.ms += 10;
    const order: string[] = [];
    for (const client of ["b", "a"])
      take(shared, 1, client).then(
        () => order.push(client),
        () => undefined,
      );
    last();
    await expect.poll(() => order).toEqual(["a"]);
  });

  test("one client can have all of a semaphore while nobody else waits, and long use by others locks nobody out", async () => {
    const { clock, shared } = createTimed({ spare: 1 });
    await take(shared, 1, "slow");
    await take(shared, 1, "slow");
    const more = take(shared, 1, "slow");
    const back = await take(shared, 1, "b");
    const [again, other] = [take(shared, 1, "b"), take(shared, 1, "c")];
    expect([await settled(more), await settled(again), await settled(other)]).toEqual(
      Array(3).fill("waiting"),
    );
    expect(shared.used).toBe(3);
    clock.ms += 10;
    back();
    expect(await settled(other)).toBe("taken");
    expect([await settled(more), await settled(again)]).toEqual(["waiting", "waiting"]);
  });

  test("a full queue drops the last claim of the client with most in it, unless it would then have less than the new one", async () => {
    const { shared } = createTimed({ amount: 1, mostWaiting: 3 });
    await take(shared, 1, "greedy");
    const greedy = [1, 2, 3].map(() => take(shared, 1, "greedy"));
    const b = take(shared, 1, "b");
    expect([await settled(b), ...(await Promise.all(greedy.map(settled)))]).toEqual([
      ...["waiting", "waiting", "waiting", "busy"],
    ]);
    // Two and one: c takes the second of two; then each has one, and none must give up its place.
    expect(await settled(take(shared, 1, "c"))).toBe("waiting");
    expect(await settled(take(shared, 1, "d"))).toBe("busy");
    expect(await Promise.all(greedy.map(settled))).toEqual(["waiting", "busy", "busy"]);
  });

  test("announced work of a client is refused by the same rule as claims", async () => {
    const { shared } = createTimed({ amount: 1, mostWaiting: 4 });
    await take(shared, 1, "greedy");
    for (let n = 0; n < 4; n++) void take(shared, 1, "greedy");
    expect(() => shared.expect(oneClient("greedy"))).toThrow(expect.objectContaining({ code: "busy" }));
    const come = shared.expect(oneClient("b"));
    come();
    come();
  });

  test("a claim is refused at once by the time of the work that goes before it, not by that of other clients", async () => {
    const { clock, shared } = createTimed({ amount: 1, waitMs: 3_000 });
    for (let n = 0; n < 30; n++) {
      const back = await take(shared, 1, "slow");
      clock.ms += 10_000;
      back();
    }
    await take(shared, 1, "slow");
    expect(await settled(take(shared, 1, "slow"))).toBe("busy");
    expect(await settled(take(shared, 1, "quick"))).toBe("waiting");
  });
});

describe("shared work", () => {
  test("work for several clients gets its turn by the client that has used least, whichever client started it", async () => {
    const { clock, shared } = createTimed({ amount: 1 });
    const flights = createSingleFlight<string>();
    const held = await take(shared, 1, "greedy");
    const order: string[] = [];
    const work = (name: string, client: string) =>
      flights.do(
        name,
        signal,
        async (signal, clients) => {
          const back = await shared.acquire({ clients, signal });
          order.push(name);
          back();
          return name;
        },
        oneClient(client),
      );
    const all = [work("one", "greedy"), work("two", "greedy"), work("two", "b")];
    clock.ms += 1_000;
    held();
    await Promise.all(all);
    expect(order).toEqual(["two", "one"]);
  });

  test("work that was refused for its first client is tried again for the others", async () => {
    const flights = createSingleFlight<string>();
    const began: string[] = [];
    const ask = (client: string) =>
      flights.do(
        "one",
        signal,
        async (_, { names }) => {
          const [first = ""] = names;
          began.push(first);
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (first === "greedy") throw new Problem("busy");
          return first;
        },
        oneClient(client),
      );
    const [greedy, again, b, c] = [ask("greedy"), ask("greedy"), ask("b"), ask("c")];
    await expect(greedy).rejects.toMatchObject({ code: "busy" });
    await expect(again).rejects.toMatchObject({ code: "busy" });
    expect([await b, await c, began]).toEqual(["b", "b", ["greedy", "b"]]);
  });

  test("work for several clients is charged to the one that started it, even if all have left", async () => {
    const flights = createSingleFlight<void>();
    const paid: string[] = [];
    const payer = (name: string) => oneClient(name, (cpuMs) => paid.push(`${name} ${cpuMs}`));
    let charge: (cpuMs: number) => void = () => undefined;
    const leaver = new AbortController();
    const ask = (name: string) =>
      flights.do(
        "one",
        leaver.signal,
        (_, clients) => {
          charge = (cpuMs) => clients.charge(cpuMs);
          return new Promise(() => undefined);
        },
        payer(name),
      );
    const all = Promise.allSettled([ask("a"), ask("b")]);
    leaver.abort();
    await all;
    charge(7);
    expect(paid).toEqual(["a 7"]);
  });
});
