import path from "node:path";
import type { ManifestImage } from "../../contract/manifest.ts";
import type { SourcePage } from "../content/found.ts";
import { manifestImage } from "../manifest.ts";
import { isThere } from "../proxy/answers.ts";
import { blameOf } from "../proxy/blame.ts";
import type { Probed } from "../proxy/probe.ts";
import type { Session } from "../proxy/session.ts";
import type { SiteLanguage } from "../site/language.ts";
import type { Site } from "../site/site.ts";
import { keysOf, parseIgnored, type ReferencePage } from "./broken.ts";
import type { BrokenReference } from "./built-site.ts";
import { sourcePages } from "./source-pages.ts";

/** The bucket's answers about references that lead to no file. */
export interface CheckedReferences {
  pageOf(file: string): ReferencePage;
  isIgnored(reference: LocatedReference): boolean;
  /** The photograph that a reference means, if the bucket has it. */
  confirmed(reference: LocatedReference): { readonly key: string; readonly image: ManifestImage } | undefined;
  /** Keys about which the proxy gave no answer. */
  readonly unsettled: ReadonlyMap<string, Probed>;
}

export type LocatedReference = Pick<BrokenReference, "url" | "file" | "target">;

/**
 * Asks the bucket about images that a built site names and does not have.
 * @param sources empty if the content is not read.
 * @param ignore globs of images that the site may lack.
 * @param known content of the site's manifest: a replaced reference gets the quality and the focus that the hook would print.
 * @throws CannotRun for an invalid glob.
 */
export async function checkReferences(
  broken: readonly BrokenReference[],
  {
    site,
    sources,
    ignore,
    session,
    known,
  }: {
    readonly site: Pick<Site, "languages" | "main">;
    readonly sources: readonly SourcePage[];
    readonly ignore: readonly string[];
    readonly session: Session;
    readonly known: ReadonlyMap<string, ManifestImage>;
  },
): Promise<CheckedReferences> {
  const isIgnored = parseIgnored(ignore);
  const pageOf = referencePages(site, sources);
  const keys = (reference: LocatedReference) => keysOf(reference, pageOf(reference.file));
  const asked = broken.filter((reference) => !isIgnored(reference)).map(keys);
  const photos = await session.look(asked.filter((all) => all.length > 0));
  const images = new Map<string, ManifestImage>();
  const unsettled = new Map<string, Probed>();
  for (const [key, info] of photos) {
    const image = known.get(key);
    if (isThere(info)) images.set(key, image?.version === info.version ? image : manifestImage(info, []));
    else if (blameOf(info.problem.code) !== "photograph") unsettled.set(key, info);
  }
  return {
    pageOf,
    isIgnored,
    unsettled,
    confirmed(reference) {
      if (isIgnored(reference)) return undefined;
      const key = keys(reference).find((one) => images.has(one) || unsettled.has(one));
      const image = key === undefined ? undefined : images.get(key);
      return key === undefined || image === undefined ? undefined : { key, image };
    },
  };
}

// --- pages ---

/** The facts about the page of a built file, or about the page to which a feed or style sheet belongs. */
function referencePages(
  site: Pick<Site, "languages" | "main">,
  sources: readonly SourcePage[],
): (file: string) => ReferencePage {
  const sourceOf = sourcePages(sources);
  const languages = site.languages.map(({ name }) => name);
  const known = new Map<string, ReferencePage>();
  return (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    const source = /\.html?$/i.test(file) ? sourceOf(file) : undefined;
    const { params } = languageOf(source === undefined ? file : `${source.language.name}/`, site);
    const page = {
      params,
      languages,
      folder: source?.folder ?? "",
      source: source?.file.split(path.sep).join("/"),
    };
    known.set(file, page);
    return page;
  };
}

function languageOf(file: string, { languages, main }: Pick<Site, "languages" | "main">): SiteLanguage {
  return languages.find(({ name }) => file.startsWith(`${name}/`)) ?? main;
}
