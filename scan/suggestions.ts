import { likelyKeys, nearestKey } from "./nearest.ts";
import type { Probed } from "./probe.ts";

/** Beyond so many missing photographs the fault is not a slip of the pen. */
const MOST_SUGGESTIONS = 30;

/** What may have been meant, beside each photograph that is not there: a likely slip that is, else the nearest key known. */
export async function withSuggestions(
  photos: ReadonlyMap<string, Probed>,
  look: (keys: string[]) => Promise<ReadonlyMap<string, Probed>>,
): Promise<ReadonlyMap<string, Probed>> {
  const absent = [...photos].flatMap(([key, info]) =>
    "problem" in info && info.problem.code === "source-absent" ? [key] : [],
  );
  if (absent.length === 0 || absent.length > MOST_SUGGESTIONS) return photos;
  const guessed = await look([...new Set(absent.flatMap(likelyKeys))].filter((key) => !photos.has(key)));
  const there = [...photos, ...guessed].filter(([, info]) => !("problem" in info)).map(([key]) => key);
  const all = new Map(photos);
  for (const key of absent) {
    const meant = likelyKeys(key).find((guess) => there.includes(guess)) ?? nearestKey(key, there);
    const info = photos.get(key);
    if (meant === undefined || info === undefined || !("problem" in info)) continue;
    const detail = `${info.problem.detail} Is it "${meant}"?`;
    all.set(key, { problem: { ...info.problem, detail } });
  }
  return all;
}
