import type { Format } from "../../../contract/formats.ts";
import { barePath, startBareLibvips } from "../../peers/bare-libvips.ts";
import { ipxPath, startIpx } from "../../peers/ipx.ts";
import { type Ours, pathOf, startOurs } from "../../peers/ours.ts";
import { type Bench, ifThere } from "../../tools/bench.ts";
import type { Process } from "../../tools/measure/processes.ts";
import { type Kind, titleOf } from "./variants.ts";

/** A server that makes images. */
export interface Runner {
  readonly name: string;
  /** Without it, CPU and memory are unknown. */
  readonly process?: Process;
  urlOf(variant: Variant): string;
  /** Number of rounds at most: a slow program would use most of the time. */
  readonly rounds: number;
}

export interface Variant {
  readonly key: string;
  readonly width: number;
  /** On the server's own scale. */
  readonly quality: number;
  readonly format: Format;
}

export const OURS = "imgproxy-lite";
export const BARE = "bare libvips, imgproxy's settings";

/** A variant that a server has not made yet: of the next photograph, and after the last one a pixel narrower. */
export class Unmade {
  readonly #keys: readonly string[];
  readonly #counts = new Map<string, number>();

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  next(runner: string, { width, format }: Kind): Pick<Variant, "key" | "width" | "format"> {
    const name = `${runner} ${titleOf({ width, format })}`;
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    const key = this.#keys[count % this.#keys.length] ?? "";
    return { key, format, width: width - 1 - Math.floor(count / this.#keys.length) };
  }
}

export interface Runners {
  readonly ours: Ours;
  /** Ours is first, bare libvips second. */
  readonly all: readonly Runner[];
}

/** Starts our server and the peers on the same folder of photographs. */
export async function startRunners(bench: Bench): Promise<Runners> {
  const ours = await startOurs(bench);
  const bare = await startBareLibvips(bench.folder, bench.photos);
  const ipx = await ifThere(bench, "ipx", () => startIpx(bench.folder, bench.photos, bench.keys[0]));
  const add = (name: string, process: Process, urlOf: Runner["urlOf"], rounds = 10): Runner => ({
    name,
    process,
    urlOf,
    rounds,
  });
  return {
    ours,
    all: [
      add(OURS, ours, (variant) => ours.url + pathOf(variant)),
      add(BARE, bare, (variant) => bare.url + barePath(variant)),
      ...(ipx === undefined ? [] : [add("ipx", ipx, (variant) => ipx.url + ipxPath(variant), 1)]),
      ...bench.peers.map((peer) => ({ ...peer, rounds: 10 })),
    ],
  };
}
