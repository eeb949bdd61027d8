import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import type { ImageRequest } from "../../contract/url/request.ts";
import { counted } from "../counted.ts";
import { postsByManifest } from "../open-site.ts";
import { planRequests } from "../plan.ts";
import { isThere } from "../proxy/answers.ts";
import { createSession, type SessionOptions } from "../proxy/session.ts";
import type { Site } from "../site/site.ts";

/** Enough to see a wrong bucket; a scan asks about all of them. */
const MOST_PHOTOGRAPHS = 20;

/** Whether the server has the site's photographs. */
export async function diagnosePhotographs(
  site: Site,
  options: SessionOptions,
): Promise<{ readonly found: readonly Diagnosis[]; readonly shown: readonly ImageRequest[] }> {
  const line = linesOfCheck("photographs");
  const { found, images } = await postsByManifest(site, { ...options, remember: false });
  const uses = found.posts.flatMap((post) => post.uses);
  const some = [...new Map(uses.map((use) => [use.key, use])).values()].slice(0, MOST_PHOTOGRAPHS);
  if (some.length === 0)
    return { found: [line.note("no page shows a photograph of the server yet")], shown: [] };
  const photos = await createSession(site, options).look(some.map(({ keys, key }) => keys ?? [key]));
  const there = some.filter(({ key, keys = [key] }) => keys.some((one) => isThere(photos.get(one))));
  const words = `${there.length} of ${counted(some.length, "photograph")} of the site`;
  const [first] = some;
  const shown = [...planRequests(there.slice(0, 1), images, site.signatureKey).requests.values()];
  if (there.length === some.length) return { found: [line.ok(`the server has ${words}`)], shown };
  if (there.length > 0)
    return {
      found: [line.problem(`the server has only ${words}: imgproxy-lite scan names the others`)],
      shown,
    };
  return {
    found: [
      line.problem(
        `the server has none of ${counted(some.length, "photograph")} of the site, such as ${first?.key}: is its SOURCE the right bucket and prefix, and are they uploaded?`,
      ),
    ],
    shown,
  };
}
