import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import pMap from "p-map";
import { type Bench, ifThere } from "../../tools/bench.ts";
import type { Kept } from "../../tools/kept.ts";
import { type Butteraugli, openButteraugli } from "../../tools/look/butteraugli.ts";
import { atScore, bytesRatio, geometricMean, mean, type Point } from "../../tools/look/equal-score.ts";
import type { Table } from "../../tools/result/result.ts";
import type { Curves, curveFormats, Made } from "./curves.ts";
import type { PeerPictures } from "./judge-peers.ts";

/** The same comparison by the second judge, for some of the photographs; undefined without it. */
export async function butteraugliTable(
  bench: Bench,
  kept: Kept,
  curves: readonly Curves[],
  peers: readonly PeerPictures[],
  files: readonly string[],
): Promise<Table | undefined> {
  const butteraugli = await ifThere(bench, "butteraugli", () => openButteraugli(bench.folder));
  if (butteraugli === undefined) return undefined;
  const distance: Butteraugli = (original, picture) =>
    kept.once({ judge: "butteraugli", original, picture }, () => butteraugli(original, picture));
  bench.tell("butteraugli");
  const some = curves.slice(0, PHOTOS);
  const judged = await pMap(
    some,
    async ({ points }, at): Promise<Record<(typeof curveFormats)[number], readonly Point[]>> => {
      const original = await readFile(files[at] ?? "");
      const [jpg, webp, avif] = [
        await again(distance, original, points.jpg),
        await again(distance, original, points.webp),
        await again(distance, original, points.avif),
      ];
      return { jpg, webp, avif };
    },
    { concurrency: availableParallelism() },
  );
  const rows: (string | number)[][] = [];
  for (const { peer, format, pictures } of peers) {
    const theirs = await pMap(
      pictures.slice(0, some.length),
      async ({ body, bytes }, at) => ({
        bytes,
        score: -(await distance(await readFile(files[at] ?? ""), body)),
      }),
      { concurrency: availableParallelism() },
    );
    const ratio = (of: typeof format): number =>
      geometricMean(
        theirs.map(({ score, bytes }, at) => atScore(judged[at]?.[of] ?? [], score).bytes / bytes),
      );
    rows.push([
      `${peer.name}: ${format}`,
      -mean(theirs.map(({ score }) => score)),
      ratio(format),
      ratio("avif"),
    ]);
  }
  const besideJpeg = (of: "webp" | "avif"): number =>
    geometricMean(judged.flatMap((one) => bytesRatio(one[of], one.jpg) ?? []));
  return {
    title: `The second judge: butteraugli's 3-norm, ${some.length} photographs`,
    head: ["", "distance, mean", "ours, same format ÷ its bytes", "our AVIF ÷ its bytes"],
    rows: [...rows, ["mozjpeg, q 30 to 90: WebP, AVIF", "", besideJpeg("webp"), besideJpeg("avif")]],
  };
}

/** Each picture takes half a second. */
const PHOTOS = 6;
const QUALITIES = [30, 50, 70, 90];

/** A curve with the other judge's scores: a smaller distance is a higher score. */
function again(distance: Butteraugli, original: Uint8Array, points: readonly Made[]): Promise<Point[]> {
  return Promise.all(
    points
      .filter(({ quality }) => QUALITIES.includes(quality))
      .map(async ({ quality, bytes, body }) => ({
        quality,
        bytes,
        score: -(await distance(original, body)),
      })),
  );
}
