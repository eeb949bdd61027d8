import pMap from "p-map";
import { isThere } from "../answers.ts";
import { type Asking, type Probed, probe } from "../probe.ts";
import type { Server } from "../request.ts";

/** How `q` of each photograph is tuned. */
export interface Tune {
  /** WebP and AVIF get the look of its own JPEG. */
  readonly look: boolean;
  /** Each format gets the lowest `q` that reaches this score at 400 px. */
  readonly floor?: number;
  /** How long photographs are measured, in milliseconds. */
  readonly budgetMs: number;
}

/** Whether the server has measured what a tuning needs, or knows that it cannot. */
export function isTuned(info: Probed | undefined, { look, floor }: Omit<Tune, "budgetMs">): boolean {
  if (!isThere(info)) return false;
  return (!look || info.offsets !== undefined) && (floor === undefined || info.floors !== undefined);
}

/**
 * Has those photographs measured that are not yet, until the budget is used up: those that have begun are finished.
 * @param photos that exist and are not tuned.
 * @returns what the proxy says of those that it has measured. One that it cannot measure keeps what is known of it.
 * @throws as {@link probe} does
 */
export async function tune(
  server: Server,
  photos: readonly string[],
  { look, floor, budgetMs }: Tune,
  asking: Omit<Asking, "tune">,
): Promise<Map<string, Probed>> {
  const deadline = performance.now() + budgetMs;
  const wanted = { look, ...(floor !== undefined && { floor }) };
  const found = new Map<string, Probed>();
  const measure = async (key: string): Promise<void> => {
    if (performance.now() >= deadline) return;
    const info = (await probe(server, [key], { ...asking, tune: wanted })).get(key);
    if (info !== undefined && isThere(info)) found.set(key, info);
  };
  await pMap(photos, measure, { concurrency: server.concurrency });
  return found;
}
