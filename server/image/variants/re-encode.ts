import type { EntryMeta, Variant, VariantCache } from "../../cache/cache.ts";
import type { Background } from "../../concurrency/background.ts";
import { oneClient } from "../../concurrency/clients.ts";
import { createLru } from "../../concurrency/lru.ts";
import type { RateLimiter } from "../../concurrency/token-bucket.ts";
import { isMadeWith } from "../../encode/child/encoder-settings.ts";
import { Problem } from "../../errors.ts";
import type { Published } from "../../published/published.ts";
import type { ReEncodeOutcome } from "../../telemetry/metrics.ts";
import { ORDINARY_CPU_MS } from "../access.ts";
import { variantName } from "../memory-cache.ts";
import type { Variants } from "./variants.ts";

/** Makes images that were made for a waiting reader again, with a publish's settings: fewer bytes for the readers to come. */
export interface ReEncoder {
  /** A reader gets this entry. Cheap enough for each hit. */
  served(variant: Variant, meta: EntryMeta, reader: { client(): string }): void;
}

/** Published variants are made again; another one after this number of requests, from this number of clients. */
const REQUESTS = 3;
const CLIENTS = 2;
/** The clients of the first requests are looked at, and then of one in this number: that is a twentieth of a hit. */
const LOOK_AT = 8;

/** A page requests several widths of a photograph, which share a decode. */
const COLLECT_MS = 1_000;
/** Until the next look at memory and disk, and at a photograph that another replica has in work. */
const PRESSED_MS = 10_000;
/** A variant that was tried is tried again after this time, if it is still requested and still a live one. */
const AGAIN_MS = 600_000;
/** Photographs that wait; further ones are found again by their next request. */
const MOST_WAITING = 500;

/** One photograph at a time, in the warm lane, within the budget. A restart forgets what waits. */
export function createReEncoder(parts: {
  readonly variants: Pick<Variants, "findStored" | "makeAll" | "written">;
  readonly cache: Pick<VariantCache, "nameOf" | "lease" | "release">;
  readonly published: Pick<Published, "edition" | "isPinned">;
  readonly background: Background;
  /** Units of {@link ORDINARY_CPU_MS}. */
  readonly budget: RateLimiter;
  /** Whether memory and disk are below their low watermarks. */
  readonly hasRoom: () => Promise<boolean>;
  readonly count: (outcome: ReEncodeOutcome) => void;
}): ReEncoder {
  const { variants, cache, published, background, budget, hasRoom, count } = parts;
  const seen = createLru<Seen>(10_000);
  /** By source key. */
  const waiting = new Map<string, Group>();
  let isScheduled = false;

  function served(variant: Variant, meta: EntryMeta, reader: { client(): string }): void {
    // A substitute is replaced right after it was sent (variants.ts).
    if (meta.substitute || isMadeWith(meta)) return;
    const one = find(variant);
    if (performance.now() < one.restsUntil || !isWanted(one, reader)) return;
    const { key } = variant;
    const group = waiting.get(key);
    if (group === undefined && waiting.size >= MOST_WAITING) return;
    wait(key, [one], group?.notBefore ?? 0);
    one.validator = meta.validator;
    one.restsUntil = performance.now() + AGAIN_MS;
    schedule(COLLECT_MS);
  }

  function find(variant: Variant): Seen {
    const name = variantName(variant);
    const known = seen.get(name);
    if (known !== undefined) return known;
    const made: Seen = { variant, clients: new Set(), requests: 0, restsUntil: 0, validator: "" };
    seen.set(name, made);
    return made;
  }

  function isWanted(one: Seen, reader: { client(): string }): boolean {
    if (one.edition !== published.edition) {
      one.edition = published.edition;
      one.isPinned = published.isPinned(cache.nameOf(one.variant));
    }
    if (one.isPinned) return true;
    one.requests += 1;
    const isLookedAt = one.requests <= LOOK_AT || one.requests % LOOK_AT === 0;
    if (isLookedAt && one.clients.size < CLIENTS) one.clients.add(reader.client());
    return one.requests >= REQUESTS && one.clients.size >= CLIENTS;
  }

  function wait(key: string, some: readonly Seen[], notBefore: number): void {
    waiting.set(key, { notBefore, variants: new Set([...(waiting.get(key)?.variants ?? []), ...some]) });
  }

  // --- in the background ---

  function schedule(milliseconds: number): void {
    if (isScheduled || waiting.size === 0) return;
    isScheduled = true;
    setTimeout(() => {
      let nextMs = PRESSED_MS;
      const again = (): void => {
        isScheduled = false;
        schedule(nextMs);
      };
      const isBegun = background.run("make images again in the background", async (signal) => {
        try {
          nextMs = await takeOne(signal);
        } finally {
          again();
        }
      });
      if (!isBegun) again();
    }, milliseconds).unref();
  }

  /** @returns when to take the next one, in milliseconds. */
  async function takeOne(signal: AbortSignal): Promise<number> {
    const waitMs = budget.wait("") * 1000;
    if (waitMs > 0) return waitMs;
    if (!(await hasRoom())) return PRESSED_MS;
    const next = [...waiting].find(([, { notBefore }]) => notBefore <= performance.now());
    if (next === undefined) return COLLECT_MS;
    const [key, { variants: group }] = next;
    waiting.delete(key);
    const isOurs = await cache.lease(key);
    try {
      const left: Seen[] = [];
      for (const one of group) {
        if (await isReplaced(one)) count("elsewhere");
        else left.push(one);
      }
      if (isOurs) await replace(key, left, signal);
      else waitForOther(key, left);
    } finally {
      if (isOurs) await cache.release(key);
    }
    return 0;
  }

  /** Another replica has the photograph, which may be for other widths of it, or has died. */
  function waitForOther(key: string, left: readonly Seen[]): void {
    const now = performance.now();
    const still = left.filter(({ restsUntil }) => now < restsUntil);
    // From here on, a later request starts it again.
    for (let gone = left.length - still.length; gone > 0; gone--) count("failed");
    if (still.length > 0) wait(key, still, now + PRESSED_MS);
  }

  /** Whether another replica or a publish has replaced it on disk; then it is in memory too. */
  async function isReplaced({ variant, validator }: Seen): Promise<boolean> {
    const stored = await variants.findStored(variant, validator);
    return stored !== undefined && isMadeWith(stored.meta);
  }

  async function replace(key: string, group: readonly Seen[], signal: AbortSignal): Promise<void> {
    const clients = oneClient("images that are made again", (cpuMs) =>
      budget.spend("", cpuMs / ORDINARY_CPU_MS),
    );
    let left = group.length;
    try {
      for await (const made of variants.makeAll(
        group.map(({ variant }) => variant),
        { signal, clients },
      )) {
        count(made instanceof Problem ? "failed" : "made");
        left -= 1;
      }
    } catch (error) {
      // The photograph or its source is gone, or too much else is to be done: a later request starts it again.
      if (!(error instanceof Problem)) throw error;
      for (; left > 0; left--) count("failed");
    }
    // The lease's next replica looks at the disk.
    await variants.written(key);
  }

  return { served };
}

/** Variants of one photograph. */
interface Group {
  readonly variants: ReadonlySet<Seen>;
  /** By the monotonic clock: another replica is at work until then. */
  readonly notBefore: number;
}

/** A variant with a live entry. */
interface Seen {
  readonly variant: Variant;
  readonly clients: Set<string>;
  requests: number;
  /** The published sets for which `isPinned` is known. */
  edition?: unknown;
  isPinned?: boolean;
  /** Of the entry that is to be replaced. */
  validator: string;
  /** By the monotonic clock. */
  restsUntil: number;
}
