import { pageWeight, type Screen, screens } from "../budget/page-weight.ts";
import type { CheckResult } from "../check.ts";
import type { Post } from "../content/found.ts";
import type { EdgeCheckResult } from "../edge/check-edge.ts";
import { sortFindings } from "../findings.ts";
import { isThere } from "../proxy/answers.ts";
import type { ScanResult } from "../scan.ts";
import { bytesOf, countResults, summarize } from "./summary.ts";

/** The result of a scan, for programs. */
export function scanJson(result: ScanResult): object {
  return {
    summary: summarize(result),
    urls: result.urls,
    posts: result.posts.map((post) => ({
      file: post.file,
      ...(post.album !== undefined && { album: post.album }),
      images: post.uses.map(({ key, line, column }) => ({ key, line, column })),
      ...(result.variants.size > 0 && { bytes: bytesOf([post], result), screens: weights(post, result) }),
    })),
    ...(result.tune !== undefined && { tuned: tunedPhotos(result.photos) }),
    altProblems: result.altProblems,
    findings: sortFindings(result.findings),
  };
}

/** What has been measured of each photograph at 400 px, and the result. */
function tunedPhotos(photos: ScanResult["photos"]): object {
  return Object.fromEntries(
    [...photos].flatMap(([key, info]) => {
      if (!isThere(info) || info.curves === undefined) return [];
      const { offsets, floors, curves } = info;
      return [[key, { offsets, floors, curves }]];
    }),
  );
}

/** Bytes that each screen downloads, and the number of images that could not be counted. */
function weights(post: Post, result: ScanResult): object {
  return Object.fromEntries(
    (Object.keys(screens) as Screen[]).map((screen) => {
      const { bytes, unknown } = pageWeight(post, screen, result);
      return [screen, { bytes, ...(unknown.length > 0 && { uncounted: unknown.length }) }];
    }),
  );
}

/** The result of a check, for programs. */
export function checkJson(result: CheckResult): object {
  const { files, urls, unscanned, unemitted, unprinted, findings } = result;
  const { rewritten } = result;
  const summary = {
    files,
    urls: urls.length,
    ...countResults(result.variants),
    ...(rewritten !== undefined && {
      rewritten: { files: rewritten.files, references: rewritten.references },
    }),
  };
  return { summary, urls, unscanned, unemitted, unprinted, findings: sortFindings(findings) };
}

/** The result of a check through the CDN, for programs. */
export function edgeJson({ urls, responses, cached, problems, warnings }: EdgeCheckResult): object {
  return { summary: { urls: urls.length, responses, cached }, urls, problems, warnings };
}
