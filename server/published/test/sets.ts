import type { PublishedBody } from "../../../contract/api.ts";
import type { Published } from "../published.ts";

/** Publishes as a request does: its body arrives as bytes. */
export function put(published: Published, site: string, name: string, body: PublishedBody): Promise<void> {
  return published.put(site, name, new Blob([JSON.stringify(body)]).stream());
}

export async function get(published: Published, site: string, name: string): Promise<unknown> {
  const parts = await published.get(site, name);
  if (parts === undefined) return undefined;
  let text = "";
  for await (const part of parts) text += part;
  return JSON.parse(text);
}
