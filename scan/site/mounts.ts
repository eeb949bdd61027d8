import { stat } from "node:fs/promises";
import path from "node:path";
import { type ConfigTree, isTree, treeAt } from "./config.ts";
import { parseGlob } from "./glob.ts";

/** A folder (or one file) of this machine that Hugo sees at `target` below content/, static/ or assets/. */
export interface Mount {
  /** Absolute. */
  readonly source: string;
  /** Below the component, without slashes at its ends: empty for all of it, `blog` for `content/blog`. */
  readonly target: string;
  /** Whether a theme brings it: the site's own files of the same name come first. */
  readonly theme: boolean;
  /** Whether Hugo takes a file, by its path below the source. */
  takes(below: string): boolean;
}

export interface Mounts {
  readonly content: readonly Mount[];
  readonly static: readonly Mount[];
  readonly assets: readonly Mount[];
}

/** A site, or a theme of it. */
export interface Root {
  /** Absolute. */
  readonly folder: string;
  readonly config: ConfigTree;
}

/** What the site and its themes mount, in the order in which Hugo looks. */
export async function loadMounts(
  site: Root,
  themes: readonly Root[],
  languages: readonly ConfigTree[],
): Promise<Mounts> {
  const roots = [site, ...themes];
  const mounts = async (component: keyof Mounts, key: string): Promise<Mount[]> => {
    const all = roots.flatMap((root, index) => {
      const explicit = explicitMounts(root, component, index > 0);
      if (explicit.length > 0) return explicit;
      const set = texts(root.config[key]);
      const shared = set.length > 0 ? set : [component];
      const names = (index === 0 && languages.length > 0 ? languages : [{}]).flatMap((language) => {
        const own = texts(language[key]);
        return own.length > 0 ? own : shared;
      });
      return [...new Set(names)].map((name) => whole(path.resolve(root.folder, name), index > 0));
    });
    const there = await Promise.all(all.map((mount) => exists(mount.source)));
    return all.filter((_, index) => there[index]);
  };
  return {
    content: await mounts("content", "contentdir"),
    static: await mounts("static", "staticdir"),
    assets: await mounts("assets", "assetdir"),
  };
}

/** Themes and vendored or local modules, whose content, static and assets Hugo shows below the site's own. */
export async function themeRoots(folder: string, config: ConfigTree): Promise<Root[]> {
  const themes = path.resolve(folder, text(config.themesdir) ?? "themes");
  const imports = treeAt(config, "module").imports;
  const modules = Array.isArray(imports) ? imports.filter(isTree).filter((one) => one.disable !== true) : [];
  const names = [...texts(config.theme), ...modules.flatMap((one) => texts(one.path))];
  const found: Root[] = [];
  for (const name of names) {
    for (const candidate of [path.join(themes, name), path.join(folder, "_vendor", name)]) {
      if (!(await exists(candidate))) continue;
      found.push({ folder: candidate, config: {} });
      break;
    }
  }
  return found;
}

// --- parts ---

function explicitMounts({ folder, config }: Root, component: string, theme: boolean): Mount[] {
  const mounts = treeAt(config, "module").mounts;
  if (!Array.isArray(mounts)) return [];
  return mounts.filter(isTree).flatMap((mount) => {
    const source = mount.source;
    const target = typeof mount.target === "string" ? mount.target.replace(/^\/+|\/+$/g, "") : "";
    if (typeof source !== "string" || (target !== component && !target.startsWith(`${component}/`)))
      return [];
    return [
      {
        source: path.resolve(folder, source),
        target: target.slice(component.length + 1),
        takes: fileFilter(mount),
        theme,
      },
    ];
  });
}

/** `files` (0.153 on; `! ` negates) and what it replaced, `includeFiles` and `excludeFiles`. */
function fileFilter(mount: ConfigTree): (below: string) => boolean {
  const files = texts(mount.files);
  const excluded = [
    ...texts(mount.excludefiles),
    ...files.filter((glob) => glob.startsWith("!")).map((glob) => glob.slice(1).trim()),
  ].map(parseGlob);
  const included = [...texts(mount.includefiles), ...files.filter((glob) => !glob.startsWith("!"))].map(
    parseGlob,
  );
  return (below) =>
    !excluded.some((matches) => matches(below)) &&
    (included.length === 0 || included.some((matches) => matches(below)));
}

function whole(source: string, theme: boolean): Mount {
  return { source, target: "", theme, takes: () => true };
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
}
