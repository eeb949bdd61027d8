import type { IncomingMessage, ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";
import { type ImageRequest, isOriginal, parseQuery } from "../contract/request.ts";
import type { Access } from "./access.ts";
import type { Answer } from "./answer.ts";
import type { Entry, Variant, VariantClass } from "./cache/cache.ts";
import { type Checks, newer } from "./checks.ts";
import { entryAnswer, knownFrom } from "./entry-answer.ts";
import { type FreshnessPolicy, whenToCheck } from "./freshness.ts";
import { unlessMatched } from "./headers.ts";
import type { Hot } from "./hot.ts";
import { variantOf } from "./image.ts";
import type { Negative } from "./negative.ts";
import { negotiate } from "./negotiate.ts";
import { flatHeaders, type Reporter, requestIdOf } from "./sent.ts";
import { versionOf } from "./source/source.ts";
import { readTrace } from "./trace.ts";

/** What the fast path looks at; all of it in memory. */
export interface FastParts {
  readonly access: Access;
  readonly hot: Hot;
  readonly checks: Checks;
  readonly negative: Negative;
  readonly policy: FreshnessPolicy;
  readonly defaultQuality: number;
  readonly basePath: string;
  readonly report: Reporter;
}

/**
 * Answers a hit from memory without a promise, a web Request or a router: what readers do most costs what bare
 * node:http costs. Whatever is not such a hit (or is refused) is left to the app, which decides everything again.
 * @returns whether the request was answered.
 */
export function createFastPath(parts: FastParts): (req: IncomingMessage, res: ServerResponse) => boolean {
  const start = `${parts.basePath}?`;
  const parsed = new LRUCache<string, Parsed>({ max: 20_000 });
  const answers = { plain: new WeakMap<Entry, Answer>(), versioned: new WeakMap<Entry, Answer>() };

  function parse(query: string): Parsed | undefined {
    const known = parsed.get(query);
    if (known !== undefined) return known;
    const asked = parseQuery(query);
    if (isOriginal(asked) || asked.format === "json") return undefined;
    const made = { asked, variants: new Map() };
    // A URL of this site is short; a stranger's long ones do not fill the memory.
    if (query.length <= 512) parsed.set(query, made);
    return made;
  }

  /** One entry is asked for by one URL over and over: its headers are made once. */
  function answerOf(variant: Variant, entry: Entry, asked: string | undefined): Answer {
    const make = () => entryAnswer(variant, entry, { cache: "hit", asked, policy: parts.policy });
    if (asked !== undefined && asked !== versionOf(entry.meta.validator)) return make();
    const made = asked === undefined ? answers.plain : answers.versioned;
    const answer = made.get(entry) ?? make();
    made.set(entry, answer);
    return answer;
  }

  /** The same object each time: hot.ts then has its name at hand. */
  function variantFor({ asked, variants }: Parsed, accept: string | undefined): Variant {
    const reader = negotiate(accept);
    const variant = variants.get(reader) ?? variantOf(asked, accept, parts.defaultQuality);
    variants.set(reader, variant);
    return variant;
  }

  function hit(query: string, req: IncomingMessage): Answer | undefined {
    const known = parse(query);
    if (known === undefined) return undefined;
    const { asked } = known;
    parts.access.check(asked);
    parts.negative.check(asked.key, asked.version);
    const variant = variantFor(known, req.headers.accept);
    const entry = parts.hot.get(variant);
    if (entry === undefined || !isCurrent(parts, variant.key, entry, asked.version)) return undefined;
    return unlessMatched(answerOf(variant, entry, asked.version), req.headers["if-none-match"]);
  }

  return (req, res) => {
    const { method, url = "" } = req;
    if ((method !== "GET" && method !== "HEAD") || !url.startsWith(start)) return false;
    const started = performance.now();
    const answer = attempt(() => hit(url.slice(start.length), req));
    if (answer === undefined) return false;
    const id = requestIdOf(req.headers["x-request-id"]);
    res.writeHead(answer.status, [...flatHeaders(answer), "x-request-id", id]);
    if (method === "HEAD" || answer.body === null || answer.body instanceof ReadableStream) res.end();
    else res.end(answer.body);
    const milliseconds = performance.now() - started;
    parts.report({
      method,
      id,
      answer,
      milliseconds,
      gone: false,
      trace: readTrace(req.headers.traceparent),
    });
    return true;
  };
}

/** One query, and what it asks for by the formats that its reader can show. */
interface Parsed {
  readonly asked: ImageRequest;
  readonly variants: Map<VariantClass, Variant>;
}

// --- decisions ---

/** Whether the entry may be served without asking the source first. */
function isCurrent(
  { checks, policy }: FastParts,
  key: string,
  entry: Entry,
  asked: string | undefined,
): boolean {
  const known = newer(checks.known(key), knownFrom(entry));
  if (known.validator !== entry.meta.validator) return false;
  const freshness = { asked, version: versionOf(known.validator) };
  const when = whenToCheck(freshness, (Date.now() - known.checked) / 1000, policy);
  if (when === "behind") checks.behind(key);
  return when !== "before";
}

/** A refusal is worded by the app, in the one place for it. */
function attempt(work: () => Answer | undefined): Answer | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
