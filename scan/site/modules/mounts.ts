import { stat } from "node:fs/promises";
import path from "node:path";
import { trimSlashes } from "../../../contract/url/url.ts";
import { toText, toTexts } from "../config/cast.ts";
import { type ConfigTree, isTree, treeAt } from "../config/tree.ts";
import type { SiteLanguages } from "../languages.ts";
import { parseFileFilter } from "./file-filter.ts";
import type { Module } from "./modules.ts";

/** A folder (or one file) of this machine that Hugo mounts at `target` below content/, static/, assets/ or layouts/. */
export interface Mount {
  /** Absolute. */
  readonly source: string;
  /** Path below the component, without slashes at its ends: empty for all of it, `blog` for `content/blog`. */
  readonly target: string;
  /** Patterns for the languages of its files, as Hugo matches them; empty if it names none. */
  readonly languages: readonly string[];
  /** Whether Hugo uses a file or folder, by its path below the source. */
  takes(below: string, isFolder: boolean): boolean;
}

/** Each in Hugo's lookup order: the site's own, then those of its themes and modules. */
export interface Mounts {
  readonly content: readonly Mount[];
  readonly static: readonly Mount[];
  readonly assets: readonly Mount[];
  readonly layouts: readonly Mount[];
  /** The site's own assets folder, even if it does not exist yet. */
  readonly ownAssets: string;
}

/** The existing mounts of a site and its themes. */
export async function loadMounts(
  site: { readonly folder: string; readonly config: ConfigTree },
  modules: readonly Module[],
  languages: SiteLanguages,
): Promise<Mounts> {
  const mounts = async (component: keyof Mounts): Promise<Mount[]> => {
    const own = await existing(explicitMounts(site.folder, mountsOf(site.config), component));
    const all = [
      ...(own.length > 0 ? own : defaultMounts(site, component, languages)),
      ...modules.flatMap((module) =>
        module.folder === undefined ? [] : moduleMounts(module.folder, module, component),
      ),
    ];
    return existing(all);
  };
  return {
    content: await mounts("content"),
    static: await mounts("static"),
    assets: await mounts("assets"),
    layouts: await mounts("layouts"),
    ownAssets: ownAssets(site, languages),
  };
}

// --- parts ---

function ownAssets(
  site: { readonly folder: string; readonly config: ConfigTree },
  languages: SiteLanguages,
): string {
  const own = explicitMounts(site.folder, mountsOf(site.config), "assets").filter(
    ({ target }) => target === "",
  );
  return (own[0] ?? defaultMounts(site, "assets", languages)[0])?.source ?? path.join(site.folder, "assets");
}

function mountsOf(config: ConfigTree): ConfigTree[] {
  const mounts = treeAt(config, "module").mounts;
  return Array.isArray(mounts) ? mounts.filter(isTree) : [];
}

function moduleMounts(folder: string, module: Module, component: keyof Mounts): Mount[] {
  if (module.mounts === undefined) return [whole(path.join(folder, component))];
  return explicitMounts(folder, module.mounts, component);
}

function explicitMounts(folder: string, mounts: readonly ConfigTree[], component: keyof Mounts): Mount[] {
  return mounts.flatMap((mount) => {
    const source = toText(mount.source);
    const target = trimSlashes(path.posix.normalize(toText(mount.target) ?? "").replace(/^\/+/, ""));
    if (source === undefined || (target !== component && !target.startsWith(`${component}/`))) return [];
    return [
      {
        source: path.resolve(folder, source),
        target: target.slice(component.length + 1),
        languages: [...toTexts(mount.lang), ...toTexts(treeAt(mount, "sites", "matrix").languages)],
        takes: parseFileFilter(mount),
      },
    ];
  });
}

/** A language's own content folder contains only that language; its other folders belong to the first language. */
function defaultMounts(
  { folder, config }: { readonly folder: string; readonly config: ConfigTree },
  component: keyof Mounts,
  { enabled }: SiteLanguages,
): Mount[] {
  const first = enabled[0]?.config ?? config;
  if (component === "assets") return [whole(path.resolve(folder, toText(first.assetdir) || "assets"))];
  if (component === "layouts") return [whole(path.resolve(folder, toText(first.layoutdir) || "layouts"))];
  if (component === "static")
    return unique(enabled.flatMap(({ config }) => staticFolders(config))).map((name) =>
      whole(path.resolve(folder, name)),
    );
  const shared = toText(config.contentdir) || "content";
  return enabled.flatMap(({ name, config }, at) => {
    const own = toText(config.contentdir) || "content";
    if (own !== shared) return [{ ...whole(path.resolve(folder, own)), languages: [name] }];
    const isFirst =
      enabled.findIndex((other) => (toText(other.config.contentdir) || "content") === shared) === at;
    return isFirst ? [whole(path.resolve(folder, shared))] : [];
  });
}

function staticFolders(config: ConfigTree): string[] {
  const numbered = Array.from({ length: 11 }, (_, at) => config[`staticdir${at}`]);
  const folders = [config.staticdir, ...numbered].flatMap(toTexts);
  return folders.length > 0 ? folders : ["static"];
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function whole(source: string): Mount {
  return { source, target: "", languages: [], takes: () => true };
}

async function existing(mounts: readonly Mount[]): Promise<Mount[]> {
  const there = await Promise.all(
    mounts.map(({ source }) =>
      stat(source).then(
        () => true,
        () => false,
      ),
    ),
  );
  return mounts.filter((_, at) => there[at]);
}
