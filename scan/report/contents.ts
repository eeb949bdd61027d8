import { formatQuery, type ImageRequest } from "../../contract/url/request.ts";
import { pageWeight, type Screen, screens } from "../budget/page-weight.ts";
import type { CheckResult, UrlPlace } from "../check.ts";
import type { Post } from "../content/found.ts";
import { formatBytes, nounFor } from "../counted.ts";
import type { EdgeCheckResult } from "../edge/check-edge.ts";
import type { ScanResult } from "../scan.ts";
import type { Report, ShownPhoto } from "./html.ts";
import { countResults, postName, type Summary, summarize } from "./summary.ts";
import { formatPlace, saving } from "./text.ts";

/** The report of a scan. */
export function scanReport(result: ScanResult): Report {
  const sum = summarize(result);
  const shown = result.posts.flatMap(({ file, uses }) =>
    uses.map((use) => ({
      key: use.key,
      place: formatPlace({ file, line: use.line, column: use.column }),
      requests: use.candidates(result.images.get(use.key)).all,
    })),
  );
  return {
    ...result,
    title: "Image scan",
    allIsWell: "Every image of the site is in the cache",
    numbers: [
      [sum.posts, nounFor(sum.posts, "post with images", "posts with images")],
      [sum.photos, nounFor(sum.photos, "photograph")],
      [sum.variants, nounFor(sum.variants, "variant")],
      ...tunedNumbers(sum),
      [
        `${formatBytes(sum.bytesBefore)} → ${formatBytes(sum.bytesAfter)}`,
        `middle tier, AVIF: ${saving(sum.bytesBefore, sum.bytesAfter)} saved`,
      ],
    ],
    lists: [
      {
        title: "Images that say little to those who cannot see them",
        lines: result.altProblems.map((problem) => `${formatPlace(problem)}: ${problem.message}`),
      },
      {
        title: "Images of each post, as a current browser loads them",
        lines: result.variants.size > 0 ? result.posts.map((post) => weightLine(post, result)) : [],
      },
    ],
    shown: byKey(shown),
  };
}

function tunedNumbers({ tuned, untuned }: Summary): [number, string][] {
  if (tuned + untuned === 0) return [];
  return [
    [tuned, "tuned"],
    ...(untuned === 0 ? [] : [[untuned, "left for the next scan: tuning"] satisfies [number, string]]),
  ];
}

/** `content/worms.md: 380 KB on a phone, 210 KB on a laptop` */
function weightLine(post: Post, result: ScanResult): string {
  const words = (Object.keys(screens) as Screen[]).map((screen) => {
    const { bytes, unknown } = pageWeight(post, screen, result);
    const more = unknown.length === 0 ? "" : ` and ${unknown.length} that cannot be computed`;
    return `${formatBytes(bytes)}${more} on a ${screen}`;
  });
  return `${postName(post)}: ${words.join(", ")}`;
}

/** The report of a check. */
export function checkReport(result: CheckResult): Report {
  const { variants, hits, made } = countResults(result.variants);
  const shown = result.emitted.map((place) => ({
    key: place.request.key,
    place: formatPlace(place),
    requests: [place.request],
  }));
  return {
    ...result,
    title: "Image check",
    allIsWell: "Every image of the built site is in the cache",
    numbers: [
      [result.files, `${nounFor(result.files, "file")} of the built site`],
      [result.urls.length, `${nounFor(result.urls.length, "URL")} of the proxy`],
      [variants, nounFor(variants, "variant")],
      [hits, nounFor(hits, "was there", "were there")],
      [made, "made by this check"],
    ],
    lists: [
      { title: "In the built site, but not in the content", lines: result.unscanned.map(urlLine) },
      {
        title: "In the content, but not in the built site",
        lines: result.unemitted.filter(({ isCover }) => isCover !== true).map(urlLine),
      },
      {
        title: "Covers of front matter that no page shows",
        lines: result.unprinted
          .filter(({ missing }) => missing === "all")
          .map((cover) => `${formatPlace(cover)}: ${cover.key}`),
      },
    ],
    shown: byKey(shown),
  };
}

/** The report of a check through the CDN. */
export function edgeReport(result: EdgeCheckResult): Report {
  return {
    title: "Images through the CDN",
    allIsWell: "Every image is served at the public address, in a format that the browser can show",
    findings: result.findings,
    numbers: [
      [result.urls.length, `${nounFor(result.urls.length, "URL")} at the public address`],
      [result.responses, nounFor(result.responses, "response")],
      [result.cached, "from a cache"],
    ],
    lists: [],
    shown: new Map(),
    photos: new Map(),
    variants: new Map(),
    thumbnails: new Map(),
  };
}

// --- parts ---

function urlLine(place: UrlPlace): string {
  return `${formatPlace(place)}: ${place.url}`;
}

interface Shown {
  readonly key: string;
  readonly place: string;
  readonly requests: readonly ImageRequest[];
}

/** Each photograph with its requests and its places, each once. */
function byKey(all: readonly Shown[]): ReadonlyMap<string, ShownPhoto> {
  const photos = new Map<string, { requests: Map<string, ImageRequest>; places: Set<string> }>();
  for (const { key, place, requests } of all) {
    const photo = photos.get(key) ?? { requests: new Map(), places: new Set() };
    photos.set(key, photo);
    photo.places.add(place);
    for (const request of requests) photo.requests.set(formatQuery(request), request);
  }
  return new Map(
    [...photos].map(([key, { requests, places }]) => [
      key,
      { requests: [...requests.values()], places: [...places] },
    ]),
  );
}
