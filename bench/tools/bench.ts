import type { TemplatePeer } from "../peers/template.ts";
import type { Result } from "./result.ts";

/** What a claim gets to work with. */
export interface Bench {
  /** A folder of photographs. */
  readonly photos: string;
  /** Keys in it, the most pixels first. */
  readonly keys: readonly [string, ...string[]];
  /** For temporary files; gone when the run ends. */
  readonly folder: string;
  /** Alternating runs of each contender. */
  readonly rounds: number;
  /** Of one run under load. */
  readonly seconds: number;
  /** Other servers, by URL template. */
  readonly peers: readonly TemplatePeer[];
  /** The command of a Hugo that has a render hook of its own (0.148 or newer). */
  readonly hugo: string;
  /** Progress, for the terminal. */
  tell(text: string): void;
}

/** One promise of the project, measured. */
export type Claim = (bench: Bench) => Promise<Result>;

/** The peer, or nothing with a printed line where the machine lacks it. */
export async function ifThere<Peer>(
  bench: Bench,
  name: string,
  start: () => Promise<Peer>,
): Promise<Peer | undefined> {
  try {
    return await start();
  } catch (error) {
    bench.tell(`without ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
