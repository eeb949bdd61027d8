import { LRUCache } from "lru-cache";
import type { VariantClass } from "../../contract/formats.ts";
import { type ImageRequest, isOriginal, parseQuery } from "../../contract/request.ts";
import type { Entry, EntryMeta, Variant } from "../cache/cache.ts";
import { flatHeaders, type Reporter } from "../front/access-log.ts";
import { type FreshnessPolicy, secondsBetweenChecks } from "../http/freshness.ts";
import { createHead, type Head } from "../http/head.ts";
import type { Answer } from "../http/response.ts";
import { unlessMatched } from "../http/response-headers.ts";
import { versionOf } from "../source/source.ts";
import type { Access } from "./access.ts";
import { entryAnswer, knownFrom } from "./entry-response.ts";
import { variantOf } from "./image.ts";
import { negotiate } from "./negotiate.ts";
import { type Checks, type Known, newer } from "./revalidate.ts";

/** What decides on a hit; all of it in memory. */
export interface SlotParts {
  readonly access: Access;
  readonly checks: Checks;
  readonly policy: FreshnessPolicy;
  readonly defaultQuality: number;
  readonly basePath: string;
  readonly report: Reporter;
}

/** What URLs ask for and the answers that they had. */
export interface Slots {
  /**
   * Undefined where a URL asks for no variant.
   * @throws InvalidRequest, Problem: to be worded by the app, in the one place for it.
   */
  find(url: string, accept: string | undefined): Slot | undefined;
  /** Undefined when the source is to be asked first. */
  prepare(slot: Slot, entry: Entry, ifNoneMatch: string | undefined): Prepared | undefined;
}

/** One variant as one URL asks for it, always the same object (hot.ts then has its name at hand). */
export interface Slot {
  readonly asked: ImageRequest;
  readonly variant: Variant;
  /** What was last found out of its entry, whose body is not held here: what leaves the memory leaves it. */
  meta?: EntryMeta;
  known?: Known | undefined;
  /** Until then the source need not be asked; milliseconds since 1970. */
  until: number;
  whole?: Prepared | undefined;
  unchanged?: Prepared | undefined;
}

/** An answer that is given over and over, with everything made that is the same each time. */
export interface Prepared {
  /** Without its body. */
  readonly answer: Answer;
  readonly head: Head;
  readonly tell: ReturnType<Reporter["often"]>;
}

/**
 * Remembered answers are compared with what they were made of: the entry, what the source last said, what is published.
 * Nothing has to tell of a change.
 */
export function createSlots(parts: SlotParts): Slots {
  const targets = new LRUCache<string, Target>({ max: 5_000 });

  function targetOf(url: string): Target | undefined {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const made = parseTarget(parts, url);
    // A URL of this site is short; a stranger's long ones do not fill the memory.
    if (made !== undefined && url.length <= 512) targets.set(url, made);
    return made;
  }

  return {
    find(url, accept) {
      const target = targetOf(url);
      if (target === undefined) return undefined;
      admit(parts, target);
      return slotOf(parts, target, accept);
    },
    prepare: (slot, entry, ifNoneMatch) =>
      isCurrent(parts, slot, entry.meta) ? preparedFor(parts, slot, entry, ifNoneMatch) : undefined,
  };
}

// --- what a URL asks for ---

/** One URL, and what it asks for by the formats that its reader can show. */
interface Target {
  readonly asked: ImageRequest;
  readonly slots: Map<VariantClass, Slot>;
  /** {@link Access.edition} under which it was let in. */
  edition: unknown;
}

/** @throws InvalidRequest */
function parseTarget({ basePath }: SlotParts, url: string): Target | undefined {
  if (!url.startsWith(`${basePath}?`)) return undefined;
  const asked = parseQuery(url.slice(basePath.length + 1));
  if (isOriginal(asked) || asked.format === "json") return undefined;
  return { asked, slots: new Map(), edition: undefined };
}

/** @throws Problem, to be worded by the app */
function admit({ access }: SlotParts, target: Target): void {
  if (target.edition === access.edition) return;
  access.check(target.asked);
  target.edition = access.edition;
}

function slotOf({ defaultQuality }: SlotParts, { asked, slots }: Target, accept: string | undefined): Slot {
  const reader = negotiate(accept);
  const known = slots.get(reader);
  if (known !== undefined) return known;
  const made: Slot = { asked, variant: variantOf(asked, accept, defaultQuality), until: 0 };
  slots.set(reader, made);
  return made;
}

// --- answers ---

/** Whether it may be served without asking the source first. */
function isCurrent({ checks, policy }: SlotParts, slot: Slot, meta: EntryMeta): boolean {
  const { asked } = slot;
  const said = checks.known(asked.key);
  if (slot.known === said && isSame(slot.meta, meta) && Date.now() < slot.until) return true;
  Object.assign(slot, { meta, known: said, until: 0, whole: undefined, unchanged: undefined });
  const known = newer(said, knownFrom(meta));
  if (known.validator !== meta.validator) return false;
  const seconds = secondsBetweenChecks({ asked: asked.version, version: versionOf(known.validator) }, policy);
  slot.until = known.checked + seconds * 1000;
  if (seconds > 0 && Date.now() >= slot.until) checks.behind(asked.key);
  return seconds > 0;
}

/** An entry that memory let go and the disk gave back is what it was. */
function isSame(a: EntryMeta | undefined, b: EntryMeta): boolean {
  if (a === b) return true;
  return (
    a?.etag === b.etag && a.validator === b.validator && a.made === b.made && a.substitute === b.substitute
  );
}

function preparedFor(parts: SlotParts, slot: Slot, entry: Entry, ifNoneMatch: string | undefined): Prepared {
  const { variant, asked } = slot;
  const make = () =>
    entryAnswer(variant, entry, { cache: "hit", asked: asked.version, policy: parts.policy });
  slot.whole ??= prepare(parts, make());
  if (ifNoneMatch === undefined) return slot.whole;
  const answer = unlessMatched(make(), ifNoneMatch);
  if (answer.status !== 304) return slot.whole;
  slot.unchanged ??= prepare(parts, answer);
  return slot.unchanged;
}

function prepare({ report }: SlotParts, answer: Answer): Prepared {
  const bare = { ...answer, body: null };
  return { answer: bare, head: createHead(answer.status, flatHeaders(bare)), tell: report.often(bare) };
}
