import { stat } from "node:fs/promises";
import path from "node:path";

/** Why a built site may be older than the content: Hugo writes all pages at every build. Empty, or one sentence. */
export async function staleWords(
  built: string,
  names: readonly string[],
  site: string,
  sources: readonly { readonly file: string }[],
): Promise<string[]> {
  const pages = names.filter((name) => /\.html?$/i.test(name));
  const newest = await newestOf(built, pages);
  const changed = await newestOf(
    site,
    sources.map(({ file }) => file),
  );
  if (newest === undefined || changed === undefined || newest.time >= changed.time) return [];
  return [
    `every page of the built site is older than ${changed.name}: has hugo failed, or not run since? This result may be about an older build`,
  ];
}

async function newestOf(
  folder: string,
  names: readonly string[],
): Promise<{ readonly name: string; readonly time: number } | undefined> {
  let newest: { readonly name: string; readonly time: number } | undefined;
  for (const name of new Set(names)) {
    const time = await stat(path.join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (time !== undefined && (newest === undefined || time > newest.time)) newest = { name, time };
  }
  return newest;
}
