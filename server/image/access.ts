import type { ImageRequest } from "../../contract/request.ts";
import { verify } from "../../contract/signature.ts";
import { type Clients, oneClient } from "../concurrency/clients.ts";
import type { RateLimiter } from "../concurrency/token-bucket.ts";
import { Problem } from "../errors.ts";
import type { Listing } from "../published/published.ts";

/** Who may ask for what. */
export interface Access {
  /** Another value whenever `check` may say otherwise than before of the same request. */
  readonly edition: unknown;
  /** Before any I/O. @throws Problem `bad-signature`, `not-published` or `unknown-published`. */
  check(asked: ImageRequest): void;
  /**
   * Before a source is read and an image is made.
   * @returns the client, which pays for what the work takes beyond that of an ordinary image.
   * @throws Problem `over-budget`
   */
  charge(asked: ImageRequest, client: string): Clients;
}

/** How `VARIANTS` is set. */
export type VariantsMode = "open" | "listed" | "signed";

/** CPU that one unit of the budget pays for; an image that takes less takes a unit all the same. */
const ORDINARY_CPU_MS = 100;

export function createAccess(parts: {
  readonly mode: VariantsMode;
  /** Live keys, more than one while they rotate. */
  readonly keys: readonly string[];
  readonly listing: Listing;
  /** New variants a client may ask for, each of {@link ORDINARY_CPU_MS} of CPU. */
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
      // Signed and published variants are finite; only what a stranger makes up costs.
      const isOpen = mode === "open" || (mode === "listed" && listing.neverPublished);
      if (!isOpen || listing.has(asked)) return oneClient(client);
      if (!budget.take(client))
        throw new Problem("over-budget", { retryAfterSeconds: Math.ceil(budget.wait(client)) });
      return oneClient(client, (cpuMs) => budget.spend(client, Math.max(0, cpuMs / ORDINARY_CPU_MS - 1)));
    },
  };
}
