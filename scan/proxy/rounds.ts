import pMap from "p-map";
import type { Refusal } from "./blame.ts";
import { pause, type Server } from "./request.ts";

/** A round that begins with this many failures ends: the whole storage is down. */
const ENOUGH = 20;

/** Items that must be tried again, each with the reason. */
export type Again<T> = ReadonlyMap<T, Refusal>;

/**
 * Asks about all items, then again about those that the storage did not give, and so on. So an item that fails for its own
 * reason does not delay the others. The timeout starts again with each settled item.
 * @param size items in one call.
 * @returns the items that are left after the timeout. @throws what `ask` throws; the signal's reason when it aborts.
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
  const askAbout = async (chunk: readonly T[]): Promise<void> => {
    const [reason] = left.values();
    const isAway = settled === 0 && left.size >= ENOUGH && reason !== undefined;
    const again = isAway ? new Map(chunk.map((item) => [item, reason])) : await ask(chunk);
    for (const [item, problem] of again) left.set(item, problem);
    settled += chunk.length - again.size;
  };
  await pMap(chunks(items, size), askAbout, { concurrency: server.concurrency });
  return left;
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
