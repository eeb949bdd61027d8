import type { TemplatePeer } from "../peers/template.ts";
import type { Result } from "./result/result.ts";

/** The tools for a claim. */
export interface Bench {
  /** A folder of photographs. */
  readonly photos: string;
  /** Keys in it, the photograph with most pixels first. */
  readonly keys: readonly [string, ...string[]];
  /** Whether the folder was named with `--photos`. */
  readonly ownPhotos: boolean;
  /** For temporary files; deleted when the run ends. */
  readonly folder: string;
  /** Number of alternating runs of each contender. */
  readonly rounds: number;
  /** Length of one run under load. */
  readonly seconds: number;
  /** Other servers, by URL template. */
  readonly peers: readonly TemplatePeer[];
  /** The command of a Hugo that has its own render hook (0.148 or newer). */
  readonly hugo: string;
  /** Progress, for the terminal. */
  tell(text: string): void;
}

/** One promise of the project, and how to measure it. */
export type Claim = (bench: Bench) => Promise<Result>;

/** The peer, or undefined with a printed line if the machine lacks it. */
export async function ifThere<Peer>(
  { tell }: Pick<Bench, "tell">,
  name: string,
  start: () => Promise<Peer>,
): Promise<Peer | undefined> {
  try {
    return await start();
  } catch (error) {
    tell(`without ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
