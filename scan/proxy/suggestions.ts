import { likelyKeys, type Near, nearKeys } from "../../contract/nearest.ts";
import type { Probed } from "./probe.ts";

/** With more missing photographs than this, the cause is not a typing mistake. */
const MOST_SUGGESTIONS = 30;

/** How to ask the proxy for keys that the author may have meant. */
export interface Lookup {
  /** Whether guessed keys exist. */
  guesses(keys: readonly string[]): Promise<ReadonlyMap<string, Probed>>;
  /** The keys in the folders of missing keys; nothing if they cannot be listed. */
  neighbours(keys: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** A suggestion for each missing photograph: a common mistake, or a key that differs by little. */
export async function withSuggestions(
  photos: ReadonlyMap<string, Probed>,
  lookup: Lookup,
): Promise<ReadonlyMap<string, Probed>> {
  const absent = [...photos].flatMap(([key, info]) =>
    "problem" in info && info.problem.code === "source-absent" ? [key] : [],
  );
  if (absent.length === 0 || absent.length > MOST_SUGGESTIONS) return photos;
  const guesses = new Set(absent.flatMap(likelyKeys));
  const guessed = await lookup.guesses([...guesses].filter((key) => !photos.has(key)));
  const neighbours = await lookup.neighbours(absent);
  const there = [...photos, ...guessed].filter(([, info]) => !("problem" in info)).map(([key]) => key);
  const all = new Map(photos);
  for (const key of absent) {
    const near = nearKeys(key, [...there, ...(neighbours.get(key) ?? [])]);
    const info = photos.get(key);
    if (near.length === 0 || info === undefined || !("problem" in info)) continue;
    const detail = `${info.problem.detail} ${suggestionWords(near)}`;
    all.set(key, { problem: { ...info.problem, detail } });
  }
  return all;
}

/** `Is it "a.jpg" or "b.jpg"?` */
export function suggestionWords(near: readonly Near[]): string {
  const names = near.map(({ key }) => JSON.stringify(key));
  const last = names.pop() ?? "";
  const question = `Is it ${names.length === 0 ? last : `${names.join(", ")} or ${last}`}?`;
  const only = near[0]?.only;
  return only === undefined ? question : `${question} ${differences[only]}`;
}

const differences = {
  capitals: "Only capitals differ.",
  form: "It looks the same: only how its letters are composed differs (Unicode's normal form).",
  both: "Only capitals and how its letters are composed (Unicode's normal form) differ.",
} as const;
