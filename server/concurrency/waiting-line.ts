import type { Clients } from "./clients.ts";
import type { Ledger } from "./ledger.ts";

/** Work that waits for an amount. */
export interface Waiter {
  readonly amount: number;
  readonly weight: number;
  readonly clients: Clients;
}

/** A waiting claim, and the client whose turn it uses. */
export interface Turn<W extends Waiter> {
  readonly waiter: W;
  readonly payer: string;
}

export interface LineLimits {
  readonly mostWaiting: number;
  readonly mostWeight: number;
}

/** A queue for one amount: decides who goes next, and who must leave when it is full. */
export class WaitingLine<W extends Waiter> {
  readonly #ledger: Ledger;
  readonly #limits: LineLimits;
  /** In order of arrival. */
  readonly #waiters = new Set<W>();
  /** Announced work that fetches something first, by client. */
  readonly #coming = new Map<string, number>();

  constructor(ledger: Ledger, limits: LineLimits) {
    this.#ledger = ledger;
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiters.size;
  }

  add(waiter: W): void {
    this.#waiters.add(waiter);
  }

  /** @returns whether it was in the queue. */
  delete(waiter: W): boolean {
    return this.#waiters.delete(waiter);
  }

  has(waiter: W): boolean {
    return this.#waiters.has(waiter);
  }

  /** Of all clients that wait for a piece of work, the one that has used least is charged. */
  payerOf({ names }: Clients): string {
    let [payer, least] = ["", Number.POSITIVE_INFINITY];
    for (const name of names) {
      const used = this.#ledger.used(name);
      if (used < least) [payer, least] = [name, used];
    }
    return payer;
  }

  /** First by the least use of the client, then by order of arrival. */
  inTurn(): readonly Turn<W>[] {
    const turns = this.#turns();
    const used = new Map(turns.map(({ payer }) => [payer, this.#ledger.used(payer)]));
    return turns.sort((a, b) => (used.get(a.payer) ?? 0) - (used.get(b.payer) ?? 0));
  }

  /** Estimated amount × milliseconds of a claim and all that go before it, from their clients' recent use. */
  expected({ amount, clients }: Pick<Waiter, "amount" | "clients">): number {
    const own = this.payerOf(clients);
    const used = this.#ledger.used(own);
    let sum = amount * this.#ledger.usualMs(own);
    for (const { waiter, payer } of this.#turns())
      if (waiter.clients !== clients && this.#ledger.used(payer) <= used)
        sum += waiter.amount * this.#ledger.usualMs(payer);
    return sum;
  }

  // --- a full line ---

  /** Whether one must leave: by number, or by weight unless it is the only one. */
  isOverfull(): boolean {
    const { mostWaiting, mostWeight } = this.#limits;
    if (this.size > mostWaiting) return true;
    let weight = 0;
    for (const waiter of this.#waiters) weight += waiter.weight;
    return this.size > 1 && weight > mostWeight;
  }

  /** The last claim of the client with most in the queue; the new one, unless another client keeps at least as much as the new one's. */
  displacedBy(newcomer: W): W {
    const shares = this.#sharesOf(this.#turns());
    const own = this.payerOf(newcomer.clients);
    const greediest = mostOf(shares, own);
    if (greediest?.last === undefined) return newcomer;
    const left = greediest.sum - this.#shareOf(greediest.last);
    return left >= (shares.get(own)?.sum ?? 0) ? greediest.last : newcomer;
  }

  /**
   * Whether one more claim of a client would be refused. Announced work counts once the queue is half full: a slow source must not
   * keep readers from idle slots, and of all that see a slot become free only one gets it.
   */
  isFullFor(clients: Clients): boolean {
    const { mostWaiting } = this.#limits;
    let coming = 0;
    for (const count of this.#coming.values()) coming += count;
    const isFull =
      this.size >= mostWaiting || (this.size >= mostWaiting / 2 && this.size + coming >= mostWaiting);
    if (!isFull) return false;
    const shares = this.#sharesOf(this.#turns());
    for (const [name, count] of this.#coming)
      shares.set(name, { ...shares.get(name), sum: (shares.get(name)?.sum ?? 0) + count / mostWaiting });
    const own = this.payerOf(clients);
    const ownWithIt = (shares.get(own)?.sum ?? 0) + 1 / mostWaiting;
    return (mostOf(shares, own)?.sum ?? 0) - 1 / mostWaiting < ownWithIt;
  }

  /** @returns a function that withdraws it; call it once. */
  expect(clients: Clients): () => void {
    const payer = this.payerOf(clients);
    const add = (count: number): void => {
      const sum = (this.#coming.get(payer) ?? 0) + count;
      if (sum === 0) this.#coming.delete(payer);
      else this.#coming.set(payer, sum);
    };
    add(1);
    return () => add(-1);
  }

  #turns(): Turn<W>[] {
    return [...this.#waiters].map((waiter) => ({ waiter, payer: this.payerOf(waiter.clients) }));
  }

  #shareOf({ weight }: W): number {
    return 1 / this.#limits.mostWaiting + weight / this.#limits.mostWeight;
  }

  #sharesOf(turns: readonly Turn<W>[]): Map<string, Share<W>> {
    const shares = new Map<string, Share<W>>();
    for (const { waiter, payer } of turns)
      shares.set(payer, {
        sum: (shares.get(payer)?.sum ?? 0) + this.#shareOf(waiter),
        last: waiter,
      });
    return shares;
  }
}

/** A client's share of the queue: 1 is all of it. */
interface Share<W> {
  readonly sum: number;
  readonly last?: W;
}

function mostOf<W>(shares: ReadonlyMap<string, Share<W>>, but: string): Share<W> | undefined {
  let most: Share<W> | undefined;
  for (const [name, share] of shares) if (name !== but && share.sum > (most?.sum ?? 0)) most = share;
  return most;
}
