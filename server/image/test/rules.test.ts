import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { createRateLimiter } from "../../concurrency/token-bucket.ts";
import { helpText, InvalidConfig, loadConfig } from "../../config/load.ts";
import { duration, networks, path, size, sourceUrl } from "../../config/parsers.ts";
import { settings } from "../../config/settings.ts";
import { Problem } from "../../errors.ts";
import { clientAddress } from "../../http/client-address.ts";
import { cacheControl, folderPolicy, nextCheck, remotePolicy } from "../../http/freshness.ts";
import { problemAnswer } from "../../http/problem-json.ts";
import { parseRange } from "../../http/range.ts";
import { negotiate } from "../negotiate.ts";

describe("Accept", () => {
  test.each([
    [null, "auto"],
    ["", "auto"],
    ["*/*", "auto"],
    ["image/*", "auto"],
    ["image/webp,*/*", "auto-w"],
    ["image/avif", "auto-a"],
    ["image/avif,image/webp,image/apng,*/*;q=0.8", "auto-aw"],
    ["image/webp;q=0.5, image/avif;q=0.6", "auto-aw"],
    ["image/webp;q=0.6, image/avif;q=0.5", "auto-w"],
    ["image/webp;q=0", "auto"],
    ["image/webp;q=0.0001", "auto"],
    ["image/webp;q=2", "auto"],
    ["image/webp;q = 0", "auto"],
    ['image/webp;a=",";q=0', "auto"],
    ['image/webp;q="1"', "auto"],
    ['image/webp;a=", image/avif;q=0\\"";q=1, image/avif;q=0.5', "auto-w"],
    ["image/jpeg,image/webp;q=0.9", "auto"],
    ["IMAGE/AVIF ; Q=1.0 , image/WebP", "auto-aw"],
    ["image/webpx, ximage/avif, image/avif2", "auto"],
  ])("Accept: %j is %s", (accept, expected) => {
    expect(negotiate(accept)).toBe(expected);
    expect(negotiate(accept, "png")).toBe("png");
  });

  test("any text as Accept gives a class, always the same one", () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        expect(negotiate(accept)).toMatch(/^auto(-w|-a|-aw)?$/);
        expect(negotiate(accept)).toBe(negotiate(accept));
      }),
    );
  });
});

describe("Range", () => {
  test.each([
    [undefined, "whole"],
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=90-", { first: 90, last: 99 }],
    ["bytes=90-1000", { first: 90, last: 99 }],
    ["bytes=-1", { first: 99, last: 99 }],
    ["bytes=-1000", { first: 0, last: 99 }],
    ["bytes=100-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", "whole"],
    ["bytes=0-1,3-4", "whole"],
    ["bytes=-", "whole"],
    ["bytes=a-b", "whole"],
    ["bytes=0x1-2", "whole"],
    ["items=0-1", "whole"],
  ])("Range: %j of 100 bytes is %o", (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });

  test("a range of an empty file cannot be satisfied", () => {
    expect(parseRange("bytes=0-", 0)).toBe("unsatisfiable");
    expect(parseRange("bytes=-5", 0)).toBe("unsatisfiable");
  });
});

describe("freshness", () => {
  const version = "0123456789";
  test.each([
    [version, remotePolicy, 86_400, "after"],
    [undefined, remotePolicy, 3_600, "after"],
    ["9876543210", remotePolicy, 0, "before"],
    [version, folderPolicy(2_000), 86_400, "after"],
    [undefined, folderPolicy(2_000), 2, "before"],
    [undefined, folderPolicy(0), 0, "before"],
    ["9876543210", folderPolicy(2_000), 0, "before"],
  ])(
    "an answer of the source for v=%s is valid, by %o, for %i s; the next check comes %s the response",
    (asked, policy, seconds, when) => {
      expect(nextCheck({ asked, version }, 1_000_000, policy, 1_000_000)).toEqual({
        leftMs: seconds * 1000,
        comesFirst: when === "before",
      });
    },
  );

  test.each([
    [0, 60_000],
    [59_999, 1],
    [60_000, 0],
    [90_000, 0],
    [-1, 0],
  ])("an answer that is %i ms old and valid for a minute is valid for %i ms more", (age, left) => {
    const policy = { ...remotePolicy, unversionedSeconds: 60 };
    const asked = { asked: undefined, version };
    expect(nextCheck(asked, 1_000_000 - age, policy, 1_000_000).leftMs).toBe(left);
  });

  test("a stale entry or a substitute is never cacheable forever", () => {
    for (const asked of [undefined, version, "9876543210"])
      expect(cacheControl({ asked, version }, true, remotePolicy)).toBe("public, max-age=60");
  });
});

describe("the client's address", () => {
  const trusted = networks("10.0.0.0/8, ::1,2001:db8::/32");
  test.each([
    ["203.0.113.9", null, "203.0.113.9"],
    ["203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"],
    ["10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9"],
    // Azure's and IIS's proxies write ports.
    ["10.0.0.1", "1.2.3.4:5678", "1.2.3.4"],
    ["10.0.0.1", "1.2.3.4:5678, 10.0.0.2:80", "1.2.3.4"],
    ["10.0.0.1", "[2001:4860:1:2::9]:443", "2001:4860:1:2::/64"],
    ["10.0.0.1", "[2001:4860:1:2::9]", "2001:4860:1:2::/64"],
    ["10.0.0.1", "[::ffff:1.2.3.4]:5", "1.2.3.4"],
    ["::ffff:a00:1", "::ffff:102:304", "1.2.3.4"],
    ["10.0.0.1", "fe80::1%eth0", "fe80:0:0:0::/64"],
    ["10.0.0.1", "not an address", "not an address"],
    ["10.0.0.1", null, "10.0.0.1"],
    ["::1", "2001:4860:1:2:3:4:5:6", "2001:4860:1:2::/64"],
    ["::1", "2001:4860:1:2::9", "2001:4860:1:2::/64"],
    ["2001:4860::1", null, "2001:4860:0:0::/64"],
  ])("the client from %s with X-Forwarded-For %j is %s", (peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, trusted)).toBe(expected);
  });
});

describe("a rate limiter", () => {
  test("a rate limiter allows a burst, then a rate, each name by itself", () => {
    let clock = 0;
    const allowance = createRateLimiter({ burst: 3, perSecond: 2 }, () => clock);
    expect([1, 2, 3, 4].map(() => allowance.take("a"))).toEqual([true, true, true, false]);
    expect(allowance.take("b")).toBe(true);
    expect(allowance.wait("a")).toBe(0.5);
    clock = 500;
    expect([allowance.take("a"), allowance.take("a")]).toEqual([true, false]);
    clock = -10_000;
    expect(allowance.take("a")).toBe(false);
  });
});

describe("single-flight", () => {
  const signal = new AbortController().signal;

  test("single-flight shares a result with all who come while it runs, including its failure, and does not repeat it for them", async () => {
    const flights = createSingleFlight<number>();
    let works = 0;
    const fail = async (): Promise<number> => {
      works += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error("no");
    };
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => flights.do("a", signal, fail)));
    expect([works, all.filter(({ status }) => status === "rejected").length, flights.size]).toEqual([
      1, 50, 0,
    ]);
  });

  test("work that has ended is not aborted when its callers leave", async () => {
    const flights = createSingleFlight<AbortSignal>();
    const workSignal = await flights.do("a", new AbortController().signal, async (signal) => signal);
    await setImmediate();
    expect([workSignal.aborted, flights.size]).toEqual([false, 0]);
  });

  test("single-flight aborts when everyone has left, and starts again for a later caller", async () => {
    const flights = createSingleFlight<string>();
    const leaver = new AbortController();
    let aborted = false;
    const first = flights.do("a", leaver.signal, (signal) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    });
    leaver.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    expect(aborted).toBe(true);
    expect(await flights.do("a", signal, async () => "second")).toBe("second");
  });

  test("single-flight refuses more callers than its limit", async () => {
    const flights = createSingleFlight<void>(3);
    let end = (): void => undefined;
    const work = (): Promise<void> => new Promise((resolve) => (end = resolve));
    const waiting = [1, 2, 3].map(() => flights.do("a", signal, work));
    await expect(flights.do("b", signal, work)).rejects.toThrow(expect.objectContaining({ code: "busy" }));
    end();
    await Promise.all(waiting);
  });
});

describe("settings", () => {
  test.each([
    ["10s", 10_000],
    ["500ms", 500],
    ["5m", 300_000],
    ["12h", 43_200_000],
    ["30d", 2_592_000_000],
    ["0", 0],
  ])("a setting's duration of %s is %i ms", (text, expected) => expect(duration(text)).toBe(expected));
  test.each(["10", "-1s", "1.5h", "1w", "", "s", "1 s"])("a setting's duration of %j is refused", (text) =>
    expect(() => duration(text)).toThrow(/takes a duration such as/),
  );
  test.each([
    ["1", 1],
    ["512MiB", 2 ** 29],
    ["10GiB", 10 * 2 ** 30],
    ["1kB", 1000],
  ])("a setting's size of %s is %i bytes", (text, expected) => expect(size(text)).toBe(expected));
  test.each(["", "1.5GiB", "-1", "1Gi", "1 MiB"])("a setting's size of %j is refused", (text) =>
    expect(() => size(text)).toThrow(/takes a size such as/),
  );
  test.each([
    ["photos", { kind: "folder", path: "photos" }],
    ["/srv/photos", { kind: "folder", path: "/srv/photos" }],
    ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/a/b", { kind: "s3", bucket: "bucket", prefix: "a/b/" }],
    ["https://rgw.example/bucket", { kind: "http", base: new URL("https://rgw.example/bucket/") }],
  ])("a setting's source of %s is %o", (text, expected) => expect(sourceUrl(text)).toEqual(expected));
  test.each(["", "ftp://x/", "s3://", "s3://-x", "https://x/?a", "https://x/#a", "http://"])(
    "a setting's source of %j is refused",
    (text) => expect(() => sourceUrl(text)).toThrow(),
  );
  test.each([
    ["", "/"],
    ["img", "/img/"],
    ["/img/", "/img/"],
    ["/a//b", "/a/b/"],
  ])("a setting's path of %j is %s", (text, expected) => expect(path(text)).toBe(expected));
  test.each(["10.0.0.0/33", "x", "10.0.0.0/-1", "::/129", "10.0.0.0/x"])(
    "a setting's network of %j is refused",
    (text) => expect(() => networks(text)).toThrow(/takes addresses or networks/),
  );

  test("settings come from a flag, else from the variable, else from the default", () => {
    const load = (argv: string[], env: Record<string, string>) =>
      loadConfig("serve", ["--source", ".", ...argv], env).config;
    expect(load([], {}).port).toBe(5000);
    expect(load([], { PORT: "6000" }).port).toBe(6000);
    expect(load(["--port", "7000"], { PORT: "6000" }).port).toBe(7000);
    expect(load(["--dev"], {}).dev).toBe("on");
    expect(load([], { SOURCES: "" }).source).toEqual({ kind: "folder", path: "." });
    const { sources } = loadConfig("serve", [], { SOURCES: "blog=s3://photos,shop=https://x/y" }).config;
    expect(sources.map(({ prefix, source }) => [prefix, source.kind])).toEqual([
      ["blog/", "s3"],
      ["shop/", "http"],
    ]);
  });

  test("settings that contradict each other are refused", () => {
    for (const env of [
      {},
      { SOURCE: "a", SOURCES: "b=c" },
      { SOURCE: "a", VARIANTS: "signed" },
      { SOURCE: "a", ENCODERS: "0" },
    ])
      expect(() => loadConfig("serve", [], env)).toThrow(InvalidConfig);
  });

  test("every setting has a default that its parser accepts, a sentence, and a line in the help", () => {
    for (const setting of Object.values(settings)) {
      expect(() => setting.parse(setting.fallback)).not.toThrow();
      expect(setting.help).toMatch(/\.$/);
      for (const program of setting.for) expect(helpText(program)).toContain(setting.name);
    }
  });
});

describe("a Retry-After", () => {
  test("Retry-After is random within limits, so that refused readers do not come back together", () => {
    const seconds = Array.from({ length: 100 }, () =>
      Number(problemAnswer(new Problem("busy"), "id").headers["retry-after"]),
    );
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(4);
    expect(new Set(seconds).size).toBeGreaterThan(1);
  });

  test.each([
    ["busy", 0.2, 1],
    ["source-busy", 7.5, 8],
    ["busy", 3_600, 30],
    ["source-timeout", 900, 30],
    ["over-budget", 90.1, 91],
  ] as const)(
    "Retry-After of %s with an estimate of %d s is whole seconds from %d on",
    (code, retryAfterSeconds, least) => {
      const problem = new Problem(code, { retryAfterSeconds });
      const seconds = Number(problemAnswer(problem, "id").headers["retry-after"]);
      expect(Number.isInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(least);
      expect(seconds).toBeLessThanOrEqual(2 * least);
    },
  );
});
