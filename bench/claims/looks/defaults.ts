import path from "node:path";
import { encodeAsImgproxy } from "../../peers/bare-libvips.ts";
import { hugoPictures } from "../../peers/hugo-pictures.ts";
import { startIpx } from "../../peers/ipx.ts";
import { nextPath, startNext } from "../../peers/next.ts";
import { fetchImage } from "../../peers/ours.ts";
import { type Bench, ifThere } from "../../tools/bench.ts";
import { type CurveFormat, curveFormats, WIDTH } from "./curves.ts";

/** A program that makes pictures at its own default qualities. */
export interface Peer {
  readonly name: string;
  readonly formats: readonly CurveFormat[];
  /** What it sends to a current Chrome if nothing is configured; for Hugo, what a theme usually asks for. */
  readonly toChrome: CurveFormat;
  /** @param file a lossless picture; it is not resized. */
  picture(file: string, format: CurveFormat): Promise<Uint8Array>;
}

/** The peers that this machine has, with these lossless pictures of one folder. */
export async function openPeers(
  bench: Bench,
  files: readonly [string, ...string[]],
): Promise<readonly Peer[]> {
  const folder = path.dirname(files[0]);
  const peers = [
    await ifThere(bench, "Next", () => openNext(bench.folder, files)),
    await ifThere(bench, "ipx", () => openIpx(bench.folder, folder, path.basename(files[0]))),
    await ifThere(bench, "Hugo with AVIF (0.162)", () => openHugo(bench, files)),
    imgproxy,
  ];
  return peers.filter((peer) => peer !== undefined);
}

async function openNext(folder: string, files: readonly string[]): Promise<Peer> {
  const next = await startNext(folder, files);
  return {
    name: "Next 16, q 75",
    // Without an accepted format it answers in that of the original: a PNG here.
    formats: ["webp", "avif"],
    toChrome: "webp",
    picture: async (file, format) =>
      (await fetchImage(next.url + nextPath(path.basename(file)), { accept: `image/${format}` })).body,
  };
}

async function openIpx(folder: string, pictures: string, first: string): Promise<Peer> {
  const ipx = await startIpx(folder, pictures, first);
  const names = { jpg: "jpeg", webp: "webp", avif: "avif" } as const;
  return {
    name: "ipx 3",
    formats: curveFormats,
    toChrome: "jpg",
    picture: async (file, format) =>
      (await fetchImage(`${ipx.url}/f_${names[format]}/${path.basename(file)}`)).body,
  };
}

export const HUGO = "Hugo";

async function openHugo(bench: Bench, files: readonly string[]): Promise<Peer> {
  bench.tell("Hugo's own image processing");
  const pictureOf = await hugoPictures({ ...bench, files, formats: curveFormats });
  return {
    name: HUGO,
    formats: curveFormats,
    toChrome: "webp",
    picture: (file, format) => pictureOf(path.basename(file), format),
  };
}

/** Its defaults: JPEG 80, WebP 79, AVIF 63. */
const imgproxy: Peer = {
  name: "imgproxy's settings (bare libvips)",
  formats: curveFormats,
  toChrome: "jpg",
  picture: async (file, format) => {
    const quality = { jpg: 80, webp: 79, avif: 63 }[format];
    return encodeAsImgproxy(path.dirname(file), { key: path.basename(file), width: WIDTH, quality, format });
  },
};
