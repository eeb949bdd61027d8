import { readFile } from "node:fs/promises";
import path from "node:path";
import pMap from "p-map";
import type { Bench } from "../../tools/bench.ts";
import type { Kept } from "../../tools/kept.ts";
import type { Looks } from "../../tools/look/looks.ts";
import { type CurveFormat, WIDTH } from "./curves.ts";
import type { Peer } from "./defaults.ts";

/** A peer's default pictures in one format, in the order of the keys. */
export interface PeerPictures {
  readonly peer: Peer;
  readonly format: CurveFormat;
  readonly pictures: readonly { readonly body: Uint8Array; readonly bytes: number; readonly score: number }[];
}

export async function judgePeers(
  bench: Bench,
  { judges, kept }: { readonly judges: Looks; readonly kept: Kept },
  peers: readonly Peer[],
  files: readonly string[],
): Promise<readonly PeerPictures[]> {
  const judged: PeerPictures[] = [];
  for (const peer of peers)
    for (const format of peer.formats) {
      bench.tell(`${peer.name}: ${format}`);
      const pictures = await pMap(
        files,
        async (file, at) => {
          const of = { peer: peer.name, hugo: bench.hugo, format, pixels: await readFile(file) };
          const body = await kept.once(of, () => peer.picture(file, format));
          const key = bench.keys[at] ?? "";
          const score = await judges.score(path.join(bench.photos, key), WIDTH, body);
          return { body, bytes: body.byteLength, score };
        },
        { concurrency: 2 },
      );
      judged.push({ peer, format, pictures });
    }
  return judged;
}
