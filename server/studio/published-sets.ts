import type { StatusAnswer } from "../../contract/studio.ts";
import type { Published } from "../published/published.ts";

const MOST = 20;

/** The last publishes of all sites: they are on the cache volume, so that a restart and other replicas have them too. */
export function publishedSets({ sets }: Pick<Published, "sets">): StatusAnswer["sets"] {
  return sets.slice(0, MOST).map(({ site, name, images, made, until }) => ({
    at: new Date(made).toISOString(),
    site,
    name,
    images,
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  }));
}
