import type { Refusal } from "./blame.ts";
import { inParallel, pause, type Server } from "./request.ts";

/** A round that begins with so many failures ends there: the storage as a whole is away. */
const ENOUGH = 20;

/** Items that are to be asked about again, each with why. */
export type Again<T> = ReadonlyMap<T, Refusal>;

/**
 * Asks about all items, then again about those for which the storage did not answer, and so on: one that fails for a
 * reason of its own holds no other up. Patience begins anew with each that is settled.
 * @param size items in one call.
 * @returns what is left when the patience is over. @throws what `ask` throws; the signal's reason when it aborts.
 */
export async function inRounds<T>(
  server: Server,
  items: readonly T[],
  size: number,
  ask: (items: readonly T[]) => Promise<Again<T>>,
): Promise<Again<T>> {
  let asked = items;
  let [deadline, waits] = [0, 0];
  for (;;) {
    const left = await oneRound(server, asked, size, ask);
    if (left.size < asked.length || deadline === 0)
      [deadline, waits] = [performance.now() + server.patienceMs, 0];
    const wait = Math.min(500 * 2 ** waits++, 10_000) * (0.75 + Math.random() / 2);
    if (left.size === 0 || performance.now() + wait > deadline) return left;
    await pause(server, wait);
    asked = [...left.keys()];
  }
}

async function oneRound<T>(
  server: Server,
  items: readonly T[],
  size: number,
  ask: (items: readonly T[]) => Promise<Again<T>>,
): Promise<Again<T>> {
  const left = new Map<T, Refusal>();
  let settled = 0;
  await inParallel(chunks(items, size), server.concurrency, async (chunk) => {
    const [reason] = left.values();
    const isAway = settled === 0 && left.size >= ENOUGH && reason !== undefined;
    const again = isAway ? new Map(chunk.map((item) => [item, reason])) : await ask(chunk);
    for (const [item, problem] of again) left.set(item, problem);
    settled += chunk.length - again.size;
  });
  return left;
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
