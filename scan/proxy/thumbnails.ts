import pMap from "p-map";
import { formatUrl } from "../../contract/url/url.ts";
import type { Answer } from "./client.ts";
import { request, type Server, Unanswered } from "./request.ts";

/** Width in pixels, twice the width in the report, for dense screens. */
const WIDTH = 256;

/**
 * Small pictures for the report, by source key, as data URLs. A picture that cannot be loaded is left out: the server may
 * serve only published variants.
 * @throws the signal's reason when it aborts.
 */
export async function loadThumbnails(
  server: Server,
  keys: Iterable<string>,
  signatureKey: string | undefined,
  onThumbnail: () => void,
): Promise<Map<string, string>> {
  const thumbnails = new Map<string, string>();
  const load = async (key: string): Promise<void> => {
    const asked = { key, quality: 40, width: WIDTH, format: "webp" } as const;
    const url = formatUrl(server.endpoint, /\.svg$/i.test(key) ? { key } : asked, signatureKey);
    const thumbnail = await request(server, { url, init: () => ({}), read: dataUrl }).catch((error) => {
      if (error instanceof Unanswered) return undefined;
      throw error;
    });
    if (thumbnail !== undefined) thumbnails.set(key, thumbnail);
    onThumbnail();
  };
  await pMap(keys, load, { concurrency: server.concurrency });
  return thumbnails;
}

async function dataUrl(answer: Answer): Promise<string | undefined> {
  const body = await answer.bytes();
  const type = answer.header("content-type");
  if (!answer.ok || !/^image\/[a-z+]+$/.test(type) || body.byteLength > 100_000) return undefined;
  return `data:${type};base64,${body.toString("base64")}`;
}
