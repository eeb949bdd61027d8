import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "../../tools/bench.ts";
import { openKept } from "../../tools/kept.ts";
import { type Looks, openLooks } from "../../tools/look/looks.ts";
import { uprightOf } from "../../tools/photos.ts";
import type { Result, Target } from "../../tools/result/result.ts";
import { butteraugliTable } from "./by-butteraugli.ts";
import { belowJpeg, peersTable } from "./bytes.ts";
import { type Curves, drawCurves, someQualities, WIDTH } from "./curves.ts";
import { HUGO, openPeers } from "./defaults.ts";
import { judgePeers } from "./judge-peers.ts";
import { publishTable } from "./publish.ts";
import { lanesTable, sameLookTable, tunedTable } from "./same-look.ts";

/** Bytes at equal look beside other programs, and whether one `q` has one look in every format. */
export async function looks(full: Bench): Promise<Result> {
  const bench = { ...full, keys: await uprightOf(full.photos, full.keys) };
  const kept = await openKept();
  const judges = openLooks(kept);
  const files = await lossless(bench, judges);
  const curves = await drawCurves(bench, judges, { keys: bench.keys, width: WIDTH, lane: "warm" });
  const peers = await judgePeers(bench, { judges, kept }, await openPeers(bench, files), files);
  const small = await drawCurves(bench, judges, { keys: bench.keys, width: 400, lane: "warm" });
  const live = await drawCurves(bench, judges, { keys: bench.keys, width: 400, lane: "live" });
  // A third of the photographs: one of them takes as long as all at 400 px.
  const third = bench.keys.filter((_, at) => at % 3 === 0);
  const large = await drawCurves(bench, judges, { keys: third, width: 1600, lane: "warm" });
  const tuned = (keys: readonly string[], width: number): Promise<readonly Curves[]> =>
    drawCurves(bench, judges, { keys, width, lane: "warm", at: someQualities, tuned: true });
  const tune = tunedTable(
    [
      { width: 400, jpegs: small, tuned: await tuned(bench.keys, 400) },
      { width: WIDTH, jpegs: curves, tuned: await tuned(bench.keys, WIDTH) },
      { width: 1600, jpegs: large, tuned: await tuned(third, 1600) },
    ],
    someQualities,
  );
  await judges.close();
  const second = await butteraugliTable(bench, kept, curves, peers, files);
  const publish = peers.some(({ peer }) => peer.name === HUGO)
    ? await publishTable(bench, bench.keys.at(-1) ?? bench.keys[0])
    : undefined;
  const compared = peersTable(curves, peers);
  const same = sameLookTable([
    { width: 400, curves: small },
    { width: WIDTH, curves },
    { width: 1600, curves: large },
  ]);
  const lanes = lanesTable(small, live);
  const below = belowJpeg(curves);
  const targets: Target[] = [
    ...compared.targets,
    ...below.targets,
    ...same.targets,
    ...tune.targets,
    ...lanes.targets,
  ];
  return {
    title: "Looks",
    about: `${bench.keys.length} photographs at ${WIDTH} px (${third.length} of them at 1600), JPEGs of up to 17 megapixels of which those of the default set are among the photographs that quality.ts was corrected with. Judge: SSIMULACRA 2.1, the server's own code; reference: the lossless resize. Every program encodes those same pixels; its picture is compared with ours of the same score (between two pictures of the curve q 20 to 90: a straight line of score and log bytes), and ratios are geometric means over the photographs. Ours are made with the settings of the warm lane, as a scan makes them.`,
    targets,
    tables: [compared.table, below.table, same.table, tune.table, lanes.table, second, publish].filter(
      (table) => table !== undefined,
    ),
    plot: {
      kind: "bars",
      unit: "× the bytes of mozjpeg at the same score",
      bars: [...below.bars, ...compared.bars],
    },
  };
}

/** The lossless pictures as files, in the order of the keys. */
async function lossless(bench: Bench, judges: Looks): Promise<readonly [string, ...string[]]> {
  const write = async (key: string, at: number): Promise<string> => {
    const file = path.join(bench.folder, "pictures", `${at}.png`);
    await writeFile(file, await judges.reference(path.join(bench.photos, key), WIDTH));
    return file;
  };
  await mkdir(path.join(bench.folder, "pictures"));
  const [first, ...rest] = bench.keys;
  return [await write(first, 0), ...(await Promise.all(rest.map((key, at) => write(key, at + 1))))];
}
