import type { IncomingMessage, ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";
import { type ImageRequest, isOriginal, parseQuery } from "../contract/request.ts";
import type { Access } from "./access.ts";
import type { Answer } from "./answer.ts";
import type { Entry, EntryMeta, Variant, VariantClass } from "./cache/cache.ts";
import { type Checks, type Known, newer } from "./checks.ts";
import { entryAnswer, knownFrom } from "./entry-answer.ts";
import { type FreshnessPolicy, secondsBetweenChecks } from "./freshness.ts";
import { createHead, type Head } from "./head.ts";
import { unlessMatched } from "./headers.ts";
import type { Hot } from "./hot.ts";
import { variantOf } from "./image.ts";
import type { Negative } from "./negative.ts";
import { negotiate } from "./negotiate.ts";
import { flatHeaders, type Reporter, requestIdOf } from "./sent.ts";
import { formatServerTiming } from "./server-timing.ts";
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
  /** Sends Server-Timing, as app.ts does. */
  readonly dev: boolean;
}

/**
 * Answers a hit from memory without a promise, a web Request or a router: what readers do most costs what bare
 * node:http costs. Whatever is not such a hit (or is refused) is left to the app, which decides everything again.
 *
 * What a URL asks for and the answer that it had are remembered, and compared by identity with what they were made of:
 * the entry in memory, what the source last said, what is published. Nothing has to tell this path of a change.
 * @returns whether the request was answered.
 */
export function createFastPath(parts: FastParts): (req: IncomingMessage, res: ServerResponse) => boolean {
  const targets = new LRUCache<string, Target>({ max: 20_000 });

  function targetOf(url: string): Target | undefined {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const made = parseTarget(parts, url);
    // A URL of this site is short; a stranger's long ones do not fill the memory.
    if (made !== undefined && url.length <= 512) targets.set(url, made);
    return made;
  }

  function hit(req: IncomingMessage): Hit | undefined {
    const target = targetOf(req.url ?? "");
    if (target === undefined) return undefined;
    admit(parts, target);
    const slot = slotOf(parts, target, req.headers.accept);
    const entry = parts.hot.get(slot.variant);
    if (entry === undefined || !isCurrent(parts, target.asked, slot, entry)) return undefined;
    return { entry, prepared: preparedFor(parts, target.asked, slot, entry, req.headers["if-none-match"]) };
  }

  return (req, res) => {
    const { method } = req;
    if (method !== "GET" && method !== "HEAD") return false;
    const started = performance.now();
    const found = attempt(() => hit(req));
    if (found === undefined) return false;
    send(parts, req, res, found, started);
    return true;
  };
}

/** One URL, and what it asks for by the formats that its reader can show. */
interface Target {
  readonly asked: ImageRequest;
  readonly slots: Map<VariantClass, Slot>;
  /** {@link Access.edition} under which it was let in. */
  edition: unknown;
}

/** The same variant each time (hot.ts then has its name at hand), and what was last found out of its entry. */
interface Slot {
  readonly variant: Variant;
  /** Of the entry, whose body is not held here: what leaves the memory leaves it. */
  meta?: EntryMeta;
  known?: Known | undefined;
  /** Until then the source need not be asked; milliseconds since 1970. */
  until: number;
  whole?: Prepared;
  unchanged?: Prepared;
}

/** An answer that is given over and over, with everything made that is the same each time. */
interface Prepared {
  /** Without its body. */
  readonly answer: Answer;
  readonly head: Head;
  readonly tell: ReturnType<Reporter["often"]>;
}

interface Hit {
  readonly entry: Entry;
  readonly prepared: Prepared;
}

// --- what a URL asks for ---

/** @throws InvalidRequest */
function parseTarget({ basePath }: FastParts, url: string): Target | undefined {
  if (!url.startsWith(`${basePath}?`)) return undefined;
  const asked = parseQuery(url.slice(basePath.length + 1));
  if (isOriginal(asked) || asked.format === "json") return undefined;
  return { asked, slots: new Map(), edition: undefined };
}

/** @throws Problem, to be worded by the app */
function admit({ access, negative }: FastParts, target: Target): void {
  const { asked } = target;
  if (target.edition !== access.edition) {
    access.check(asked);
    target.edition = access.edition;
  }
  negative.check(asked.key, asked.version);
}

function slotOf({ defaultQuality }: FastParts, { asked, slots }: Target, accept: string | undefined): Slot {
  const reader = negotiate(accept);
  const known = slots.get(reader);
  if (known !== undefined) return known;
  const made = { variant: variantOf(asked, accept, defaultQuality), until: 0 };
  slots.set(reader, made);
  return made;
}

// --- whether its entry may be served without asking the source first ---

function isCurrent(parts: FastParts, asked: ImageRequest, slot: Slot, { meta }: Entry): boolean {
  const { checks, policy } = parts;
  const said = checks.known(asked.key);
  if (slot.meta === meta && slot.known === said && Date.now() < slot.until) return true;
  Object.assign(slot, { meta, known: said, until: 0, whole: undefined, unchanged: undefined });
  const known = newer(said, knownFrom(meta));
  if (known.validator !== meta.validator) return false;
  const seconds = secondsBetweenChecks({ asked: asked.version, version: versionOf(known.validator) }, policy);
  slot.until = known.checked + seconds * 1000;
  if (seconds > 0 && Date.now() >= slot.until) checks.behind(asked.key);
  return seconds > 0;
}

// --- answers ---

function preparedFor(
  parts: FastParts,
  asked: ImageRequest,
  slot: Slot,
  entry: Entry,
  ifNoneMatch: string | undefined,
): Prepared {
  const { policy } = parts;
  const make = (): Answer => entryAnswer(slot.variant, entry, { cache: "hit", asked: asked.version, policy });
  slot.whole ??= prepare(parts, make());
  if (ifNoneMatch === undefined) return slot.whole;
  const answer = unlessMatched(make(), ifNoneMatch);
  if (answer.status !== 304) return slot.whole;
  slot.unchanged ??= prepare(parts, answer);
  return slot.unchanged;
}

function prepare({ report }: FastParts, { body: _, ...answer }: Answer): Prepared {
  const bare = { ...answer, body: null };
  return { answer: bare, head: createHead(answer.status, flatHeaders(bare)), tell: report.often(bare) };
}

function send(
  { report, dev }: FastParts,
  req: IncomingMessage,
  res: ServerResponse,
  { entry, prepared }: Hit,
  started: number,
): void {
  const { answer, head, tell } = prepared;
  const { method = "" } = req;
  const id = requestIdOf(req.headers["x-request-id"]);
  const trace = readTrace(req.headers.traceparent);
  const milliseconds = performance.now() - started;
  head.write(res, id, dev ? ["server-timing", formatServerTiming({ total: milliseconds })] : undefined);
  if (method === "HEAD" || answer.status === 304) res.end();
  else res.end(entry.body);
  if (method === "GET") tell(id, milliseconds, trace);
  else report.tell({ method, id, answer, milliseconds, gone: false, trace });
}

/** A refusal is worded by the app, in the one place for it. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
