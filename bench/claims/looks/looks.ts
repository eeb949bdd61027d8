import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import pMap from "p-map";
import sharp from "sharp";
import type { Bench } from "../../tools/bench.ts";
import { debianPhotoSets, type PhotoSet } from "../../tools/debian-photos.ts";
import { openKept } from "../../tools/kept.ts";
import { type Looks, openLooks } from "../../tools/look/looks.ts";
import { uprightOf } from "../../tools/photos.ts";
import type { Result, Target } from "../../tools/result/result.ts";
import { butteraugliTable } from "./by-butteraugli.ts";
import { belowJpeg, peersTable } from "./bytes.ts";
import { type Curves, drawCurves, qualities, someQualities, WIDTH } from "./curves.ts";
import { HUGO, openPeers } from "./defaults.ts";
import { judgePeers } from "./judge-peers.ts";
import { publishTable } from "./publish.ts";
import { lanesTable, type SameLook, sameLookTables, tunedTable } from "./same-look.ts";

/** Bytes at equal look beside other programs, and whether one `q` has one look in every format. */
export async function looks(full: Bench): Promise<Result> {
  const bench = { ...full, keys: await uprightOf(full.photos, full.keys) };
  const photos = bench.keys.map((key) => path.join(bench.photos, key));
  const sets = bench.ownPhotos ? [{ name: "all", files: photos } as const] : await debianPhotoSets(bench);
  const kept = await openKept();
  const judges = openLooks(kept);
  const files = await lossless(bench, judges);
  const drawn = (files: readonly string[], width: number, at: readonly number[], tuned = false) =>
    drawCurves(bench, judges, { files, width, lane: "warm", at, tuned });
  const curves = await drawn(photos, WIDTH, qualities);
  const peers = await judgePeers(bench, { judges, kept }, await openPeers(bench, files), files);
  const sameLooks: SameLook[] = [];
  for (const width of [400, WIDTH, 1600])
    for (const { name, files } of sets) {
      const wide = await wideEnough(files, width);
      sameLooks.push({ set: name, width, curves: await drawn(wide, width, qualities) });
    }
  const ofWidth = (wanted: number): readonly Curves[] =>
    sameLooks.flatMap(({ width, curves }) => (width === wanted ? curves : []));
  const live = await drawCurves(bench, judges, {
    files: ofWidth(400).map(({ file }) => file),
    width: 400,
    lane: "live",
  });
  // A third of the photographs: one of them takes as long as all at 400 px.
  const third = photos.filter((_, at) => at % 3 === 0);
  const tuned = async (of: readonly string[], width: number) => ({
    width,
    jpegs: await drawn(of, width, qualities),
    tuned: await drawn(of, width, someQualities, true),
  });
  const tune = tunedTable(
    [await tuned(photos, 400), await tuned(photos, WIDTH), await tuned(third, 1600)],
    someQualities,
  );
  await judges.close();
  const second = await butteraugliTable(bench, kept, curves, peers, files);
  const publish = peers.some(({ peer }) => peer.name === HUGO)
    ? await publishTable(bench, bench.keys.at(-1) ?? bench.keys[0])
    : undefined;
  const compared = peersTable(curves, peers);
  const same = sameLookTables(sameLooks);
  const lanes = lanesTable(ofWidth(400), live);
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
    about: `Bytes beside other programs: ${bench.keys.length} photographs at ${WIDTH} px. One q in every format: ${setsText(sets)}, at every width that they have, warm lane; which of them a table was fitted to is said. JPEGs of up to 24 megapixels. Judge: SSIMULACRA 2.1, the server's own code; reference: the lossless resize. Every program encodes those same pixels; its picture is compared with ours of the same score (between two pictures of the curve q 20 to 90: a straight line of score and log bytes), and ratios are geometric means over the photographs. Ours are made with the settings of the warm lane, as a scan makes them.`,
    targets,
    tables: [compared.table, below.table, ...same.tables, tune.table, lanes.table, second, publish].filter(
      (table) => table !== undefined,
    ),
    plot: {
      kind: "bars",
      unit: "× the bytes of mozjpeg at the same score",
      bars: [...below.bars, ...compared.bars],
    },
  };
}

/** Originals are never enlarged. */
async function wideEnough(files: readonly string[], width: number): Promise<string[]> {
  const widths = await pMap(files, async (file) => (await sharp(file).metadata()).autoOrient.width, {
    concurrency: 4,
  });
  return files.filter((_, at) => (widths[at] ?? 0) >= width);
}

function setsText(sets: readonly PhotoSet[]): string {
  return sets.map(({ name, files }) => `${files.length} photographs (${name})`).join(" and ");
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
