import { type Finding, siteFinding } from "../findings.ts";
import { openSite, postsByManifest } from "../open-site.ts";
import { planRequests } from "../plan.ts";
import type { SessionOptions } from "../proxy/session.ts";
import type { SiteOptions } from "../site/site.ts";
import { type EdgeResult, edgeRequests, readEdge } from "./edge.ts";

export interface EdgeOptions extends SessionOptions {
  readonly site: SiteOptions;
}

/** How the images of the content reach readers. */
export interface EdgeCheckResult extends EdgeResult {
  readonly urls: readonly string[];
  /** Problems and warnings, at the site's configuration, because no post is at fault. */
  readonly findings: readonly Finding[];
}

/**
 * Runs after a deploy: requests every URL at its public address, through the CDN, and so warms the CDN.
 * @throws CannotRun for a wrong configuration; the signal's reason when it aborts.
 */
export async function checkEdge(options: EdgeOptions): Promise<EdgeCheckResult> {
  const { progress, concurrency, patienceMs, signal } = options;
  const site = await openSite(options.site);
  const { found, images } = await postsByManifest(site, options);
  const uses = found.posts.flatMap((post) => post.uses);
  const { requests, urls } = planRequests(uses, images, site.signatureKey);
  const server = { endpoint: options.endpoint ?? site.endpoints[0] ?? "", concurrency, patienceMs, signal };
  progress.start("reading through the edge", edgeRequests(requests.values()));
  const result = await readEdge(server, requests.values(), site.signatureKey, () => progress.advance());
  progress.end();
  const findings = [
    ...result.problems.map((words) => siteFinding("error", site.configFile, words)),
    ...result.warnings.map((words) => siteFinding("warning", site.configFile, words)),
  ];
  return { ...result, urls, findings };
}
