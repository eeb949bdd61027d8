import { type Addresses, createAddresses } from "./addresses.ts";
import { readRedirects } from "./redirects.ts";
import { builtRoots, type ServedSite } from "./roots.ts";
import { readSiteFiles, type SiteFiles } from "./site-files.ts";

/** The files that Hugo wrote, and where they are served. */
export interface OpenBuiltSite {
  readonly files: SiteFiles;
  readonly addresses: Addresses;
}

/** @throws CannotRun for a folder that does not exist or cannot be read. */
export async function openBuiltSite(
  site: ServedSite & { readonly folder: string; readonly endpoints: readonly string[] },
  folder: string,
): Promise<OpenBuiltSite> {
  const files = await readSiteFiles(folder);
  const roots = await builtRoots(site, files);
  const redirects = await readRedirects(folder, site.folder);
  return { files, addresses: createAddresses(files, roots, site.endpoints, redirects) };
}
