import type { ImageRequest } from "../../contract/url/request.ts";
import { verify } from "../../contract/url/signature.ts";
import { type Clients, oneClient } from "../concurrency/clients.ts";
import type { RateLimiter } from "../concurrency/token-bucket.ts";
import { Problem } from "../errors.ts";
import type { Listing } from "../published/published.ts";

/** The rules about who may request what. */
export interface Access {
  /** A value that changes whenever the result of `check` may change. */
  readonly edition: unknown;
  /** Runs before any I/O. @throws Problem `bad-signature`, `not-published` or `unknown-published`. */
  check(asked: ImageRequest): void;
  /**
   * Runs before the source is read and an image is made.
   * @returns the client, which is charged for work beyond that of an ordinary image.
   * @throws Problem `over-budget`
   */
  charge(asked: ImageRequest, client: string): Clients;
}

/** The value of `VARIANTS`. */
export type VariantsMode = "open" | "listed" | "signed";

/** CPU time for one unit of a budget; an image that takes less still costs a client one unit. */
export const ORDINARY_CPU_MS = 100;

export function createAccess(parts: {
  readonly mode: VariantsMode;
  /** Valid keys; several during a rotation. */
  readonly keys: readonly string[];
  readonly listing: Listing;
  /** New variants that a client may request, each of {@link ORDINARY_CPU_MS} of CPU. */
  readonly budget: RateLimiter;
}): Access {
  const { mode, keys, listing, budget } = parts;
  return {
    get edition() {
      return mode === "listed" ? listing.edition : mode;
    },
    check(asked) {
      if (mode === "signed" && !verify(asked, keys)) throw new Problem("bad-signature");
      if (mode === "listed" && !listing.neverPublished && !listing.has(asked))
        throw new Problem(listing.isComplete ? "not-published" : "unknown-published");
    },
    charge(asked, client) {
      // The number of signed and published variants is limited; only variants that a stranger invents are charged.
      const isOpen = mode === "open" || (mode === "listed" && listing.neverPublished);
      if (!isOpen || listing.has(asked)) return oneClient(client);
      if (!budget.take(client)) throw new Problem("over-budget", { retryAfterSeconds: budget.wait(client) });
      return oneClient(client, (cpuMs) => budget.spend(client, Math.max(0, cpuMs / ORDINARY_CPU_MS - 1)));
    },
  };
}
