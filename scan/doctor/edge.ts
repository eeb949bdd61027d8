import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import { readEdge } from "../edge/edge.ts";
import type { SessionOptions } from "../proxy/session.ts";
import type { Site } from "../site/site.ts";

/** How one photograph reaches readers: whether a CDN caches it, and keeps its formats apart. */
export async function diagnoseEdge(
  site: Site,
  { concurrency, signal, ...options }: SessionOptions,
  shown: readonly ImageRequest[],
): Promise<Diagnosis[]> {
  const line = linesOfCheck("cdn");
  const request = shown.find((one) => !isOriginal(one) && one.format === undefined);
  if (request === undefined)
    return [line.note("not checked: it takes a photograph that the server has and a page shows")];
  // It may have to be made, which takes longer than an answer.
  const patienceMs = Math.max(options.patienceMs, 30_000);
  const server = { endpoint: options.endpoint ?? site.endpoints[0] ?? "", concurrency, patienceMs, signal };
  const read = await readEdge(server, [request], site.signatureKey, () => {});
  const found = [
    ...read.problems.map(line.problem),
    ...read.warnings.map(read.isCdn ? line.problem : line.note),
    ...(read.unsettled === undefined ? [] : [line.problem(read.unsettled)]),
  ];
  if (found.length > 0) return found;
  return [line.ok(`formats are kept apart; ${read.cached} of ${read.responses} responses were cached`)];
}
