import type { PreviewBody } from "../../../contract/studio.ts";
import { preview, score } from "./api.ts";
import { Store } from "./store.ts";
import { Turns } from "./turns.ts";

/** A preview that an `<img>` can show. */
export interface Shown {
  readonly key: string;
  /** A `blob:` URL. */
  readonly url: string;
  readonly bytes: number;
}

/** Going back to a quality that was looked at must be instant; older previews return their memory. */
const MOST_KEPT = 300;
const kept = new Map<string, Shown>();
const scores = new Map<string, { readonly key: string; readonly score: number }>();

/** Requests that are under way: the stage and a row of the table need the same picture. */
const flights = new Map<string, Flight>();

interface Flight {
  readonly made: Promise<Shown>;
  readonly end: () => void;
  /** Number of those who wait. */
  users: number;
}

/** One encode of each format at a time: what is aborted in the queue costs nothing. */
const turns = new Map<string | undefined, Turns>();

interface ShowOptions {
  readonly queue?: Turns;
  /** State of the original, as a listing has it: a picture of another state is not shown. */
  readonly of?: string;
}

/**
 * A picture of a variant, made once for all that need it; it is aborted when the last of them has left.
 * @throws Refused
 */
export async function show(
  body: PreviewBody,
  signal: AbortSignal,
  { queue = queueOf(body.variant.fm), of = "" }: ShowOptions = {},
): Promise<Shown> {
  const name = `${nameOfWork(body)}${of}`;
  const known = kept.get(name);
  if (known !== undefined) {
    kept.delete(name);
    kept.set(name, known);
    return known;
  }
  const flight = flights.get(name) ?? begin(name, body, queue);
  flight.users += 1;
  signal.addEventListener("abort", () => leave(flight), { once: true });
  return flight.made;
}

/** @throws Refused */
export async function scoreOf(body: PreviewBody, signal: AbortSignal): Promise<number> {
  const name = nameOfWork(body);
  const known = scores.get(name)?.score;
  if (known !== undefined) return known;
  const made = await scoring.take(signal, () => score(body, signal));
  scores.set(name, { key: body.img, score: made });
  return made;
}

const scoring = new Turns(1);

/** The name of work on a variant. */
export function nameOfWork(body: PreviewBody): string {
  return JSON.stringify(body);
}

// --- versions ---

/** How often each photograph has been replaced while the page was open. */
export const replaced = new Store<ReadonlyMap<string, number>>(new Map());

/** The version of each photograph, as the server has last named it. */
const versions = new Map<string, string>();

/** Forgets what was made of another version: bytes, score and picture on the page must be of one file. */
export function learnVersion(key: string, version: string): void {
  const known = versions.get(key);
  versions.set(key, version);
  if (known === undefined || known === version) return;
  // A picture that is on the page keeps its memory.
  for (const [name, shown] of kept) if (shown.key === key) kept.delete(name);
  for (const [name, scored] of scores) if (scored.key === key) scores.delete(name);
  replaced.set(new Map(replaced.value).set(key, (replaced.value.get(key) ?? 0) + 1));
}

// --- requests ---

function queueOf(format: string | undefined): Turns {
  const known = turns.get(format) ?? new Turns(1);
  turns.set(format, known);
  return known;
}

function begin(name: string, body: PreviewBody, queue: Turns): Flight {
  const leaving = new AbortController();
  const { signal } = leaving;
  const forget = (): void => {
    if (flights.get(name) === flight) flights.delete(name);
  };
  const made = queue.take(signal, () => make(name, body, signal)).finally(forget);
  made.catch(() => undefined);
  const end = (): void => {
    forget();
    leaving.abort();
  };
  const flight: Flight = { made, end, users: 0 };
  flights.set(name, flight);
  return flight;
}

function leave(flight: Flight): void {
  flight.users -= 1;
  if (flight.users === 0) flight.end();
}

async function make(name: string, body: PreviewBody, signal: AbortSignal): Promise<Shown> {
  const { blob, version } = await preview(body, signal);
  learnVersion(body.img, version);
  const shown = { key: body.img, url: URL.createObjectURL(blob), bytes: blob.size };
  kept.set(name, shown);
  for (const [oldest, { url }] of kept) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
    URL.revokeObjectURL(url);
  }
  return shown;
}
