/** One check of the request path that can be removed. */
export interface Mutant {
  /** The removed check. */
  readonly without: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly code: string;
  readonly instead: string;
  /** Where its tests are, when they do not enter where a request does. */
  readonly tests?: readonly string[];
}

const image = "server/image/image.ts";
const info = "server/image/answer-info.ts";

/** A second attempt at a remote source. */
const retry = { file: "server/source/remote/retry-breaker.ts", tests: ["server/source/test/retry-breaker"] };

/** Every check of a request. Add new ones here: otherwise nothing proves that a test needs them. */
export const mutants: readonly Mutant[] = [
  {
    without: "access: VARIANTS and signatures",
    file: image,
    code: "access.check(asked);",
    instead: "",
  },
  {
    without: "access is checked again after a publish",
    file: image,
    code: "url.allowedBy !== access.edition",
    instead: "url.allowedBy === undefined",
  },
  {
    without: "the client's budget for a variant",
    file: image,
    code: "access.charge(asked, call.client());\n      return variants.make",
    instead: "return variants.make",
  },
  {
    without: "the client's budget for fm=json",
    file: info,
    code: "access.charge(asked, call.client());\n      return infos.make",
    instead: "return infos.make",
  },
  {
    without: "the memory cache",
    file: image,
    code: "const held = hot.get(wanted.variant);",
    instead: "const held = undefined as ReturnType<typeof hot.get>;",
  },
  {
    without: "the disk cache",
    file: image,
    code: "held ?? (await variants.find(wanted.variant))",
    instead: "held",
  },
  {
    without: "freshness: the source is asked first where only it can tell",
    file: image,
    code: 'if (leftMs === 0 && comesFirst) return "unknown";',
    instead: "",
  },
  {
    without: "freshness: an entry of the original before this one is not served",
    file: image,
    code: 'if (!variants.isCurrent(meta, known.validator)) return "outdated";',
    instead: "",
  },
  {
    without: "entries of an older look are made again",
    file: "server/image/variants/store.ts",
    code: "&& meta.look >= look;",
    instead: "&& look > 0;",
  },
  {
    without: "an entry of an older look is served while encoders are busy",
    file: image,
    code: "if (found.meta.validator === validator && isBusy()) {",
    instead: "if (found.meta.etag === validator && isBusy()) {",
  },
  {
    without: "records of an older look are made again",
    file: "server/image/image-info.ts",
    code: "&& record.look >= look",
    instead: "&& look > 0",
  },
  {
    without: "a release leaves the entries of a newer one alone",
    file: "server/cache/at-least-as-good.ts",
    code: "if (stored.look > meta.look)",
    instead: "if (stored.look < 0)",
  },
  {
    without: "background revalidation of a variant",
    file: image,
    code: "revalidation.inBackground(asked.key);",
    instead: "{}",
  },
  {
    without: "background revalidation for fm=json",
    file: info,
    code: "revalidation.inBackground(key);",
    instead: "{}",
  },
  {
    without: "what another replica has made of a new original",
    file: image,
    code: 'if (stored !== undefined) return respond(call, wanted, stored, "hit", ms);',
    instead: "",
  },
  {
    without: "stale answers while the source is down",
    file: image,
    code: 'if (!isServedStale(error)) throw error;\n      return respond(call, wanted, found, "stale", ms);',
    instead: "throw error;",
  },
  {
    without: "a photograph that is gone takes its variants with it",
    file: "server/image/revalidate.ts",
    code: "error instanceof Problem && !isGone(error)",
    instead: "error instanceof Problem",
  },
  {
    without: "304 from memory",
    file: image,
    code: "if (hasPreconditions(call.headers)) {",
    instead: "if (false) {",
  },
  {
    without: "the negative cache",
    file: "server/image/negative-cache.ts",
    code: "check(wanted);",
    instead: "",
  },
  {
    without: "one fetch and one encode for all who wait",
    file: "server/concurrency/single-flight.ts",
    code: "flights.set(name, flight);",
    instead: "",
  },
  {
    without: "a purge that forgets what is being read",
    file: "server/image/variants/store.ts",
    code: "if (hot.edition === edition) hot.set(variant, stored);",
    instead: "hot.set(variant, stored);",
  },
  {
    without: "the token of the API",
    file: "server/api/authorize.ts",
    code: "checkToken(header, tokens);",
    instead: "",
  },
  {
    without: "paths compared as they were sent",
    file: "server/front/app.ts",
    code: "if (!isCanonical(event.url.pathname, exchangeOf(event), basePath)) throw notFound(basePath);",
    instead: "",
  },
  {
    ...retry,
    without: "a second attempt beside a source that is silent",
    code: "if (isSlow && mayRetry(signal))",
    instead: "if (false)",
  },
  {
    ...retry,
    file: "server/source/remote/watched-body.ts",
    without: "the rest of a body that stalls, from another connection",
    code: "if (this.#resumed || !(await this.#patience.isSlow(reading)) || !this.#mayResume())",
    instead: "",
  },
  {
    ...retry,
    file: "server/source/remote/watched-body.ts",
    without: "the rest of a body from where it stalled",
    code: "this.#at += piece?.byteLength ?? 0;",
    instead: "",
  },
  {
    ...retry,
    without: "second attempts within a tenth of the requests",
    code: "if (tenths < 10) return false;",
    instead: "",
  },
  {
    ...retry,
    without: "an end to the attempt that is not needed any more",
    file: "server/source/remote/hedge.ts",
    code: "other.giveUp();",
    instead: "",
  },
  {
    ...retry,
    without: "an answer of the first attempt that is no success, such as 404, ends the second",
    file: "server/source/remote/hedge.ts",
    code: "if (isFinal(error)) return attempt;",
    instead: "",
  },
];
