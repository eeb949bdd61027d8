import { atScore, bytesRatio, geometricMean, mean } from "../../tools/look/equal-score.ts";
import type { Bar, Table, Target } from "../../tools/result/result.ts";
import type { CurveFormat, Curves } from "./curves.ts";
import type { PeerPictures } from "./judge-peers.ts";

interface Part {
  readonly table: Table;
  readonly targets: readonly Target[];
  readonly bars: readonly Bar[];
}

/** Bytes of ours ÷ those of each peer's default pictures, at their own scores. */
export function peersTable(curves: readonly Curves[], peers: readonly PeerPictures[]): Part {
  const rows = peers.map((each) => ({ each, avif: ratioOf(curves, each, "avif") }));
  const sent = rows.filter(({ each: { peer, format } }) => peer.toChrome === format);
  const sameFormat = rows.filter(({ each: { format } }) => format === "avif");
  return {
    table: {
      title: "Default pictures of other programs",
      head: [
        "",
        "KB, mean",
        "SSIMULACRA2, mean",
        "lowest",
        "ours, same format ÷ its bytes",
        "our AVIF ÷ its bytes",
        "sent to Chrome by default",
      ],
      rows: rows.map(({ each, avif }) => [
        `${each.peer.name}: ${each.format}`,
        mean(each.pictures.map(({ bytes }) => bytes)) / 1024,
        mean(each.pictures.map(({ score }) => score)),
        Math.min(...each.pictures.map(({ score }) => score)),
        ratioOf(curves, each, each.format),
        avif,
        each.peer.toChrome === each.format ? "yes" : "",
      ]),
    },
    targets: [
      ...sameFormat.map(({ each, avif }) => ({
        claim: `bytes of our AVIF ÷ AVIF of ${each.peer.name}, at its own score`,
        measured: avif,
        atMost: 0.95,
      })),
      ...sent.map(({ each, avif }) => ({
        claim: `bytes of our AVIF ÷ what ${each.peer.name} sends to Chrome (${each.format})`,
        measured: avif,
        atMost: 0.65,
      })),
    ],
    bars: rows.map(({ each }) => ({
      name: `${each.peer.name}: ${each.format}`,
      value: 1 / ratioOf(curves, each, "jpg"),
    })),
  };
}

/** Bytes of AVIF and WebP ÷ those of JPEG by mozjpeg, at every score of JPEG from q 30 to 90 that both reach. */
export function belowJpeg(curves: readonly Curves[]): Part {
  const ratios = (["avif", "webp"] as const).map((format) => {
    const all = curves.flatMap(({ points }) => {
      const jpeg = points.jpg.filter(({ quality }) => quality >= 30);
      return bytesRatio(points[format], jpeg) ?? [];
    });
    return { format, all, ratio: geometricMean(all) };
  });
  return {
    table: {
      title: "Bytes ÷ those of mozjpeg, at equal score",
      head: ["", "mean", "best photograph", "worst photograph"],
      rows: ratios.map(({ format, all, ratio }) => [format, ratio, Math.min(...all), Math.max(...all)]),
    },
    targets: ratios.map(({ format, ratio }) => ({
      claim: `bytes of ${format} ÷ mozjpeg, at equal score`,
      measured: ratio,
      atMost: format === "avif" ? 0.66 : 0.92,
    })),
    bars: ratios.map(({ format, ratio }) => ({ name: `imgproxy-lite: ${format}`, value: ratio, ours: true })),
  };
}

function ratioOf(curves: readonly Curves[], { pictures }: PeerPictures, format: CurveFormat): number {
  return geometricMean(
    curves.flatMap(({ points }, at) => {
      const picture = pictures[at];
      return picture === undefined ? [] : [atScore(points[format], picture.score).bytes / picture.bytes];
    }),
  );
}
