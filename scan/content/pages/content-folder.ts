import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import type { Mount } from "../../site/modules/mounts.ts";
import type { Site } from "../../site/site.ts";
import { markupOf } from "./markup.ts";
import { LINKED_TWICE, type Oddity, oddKind, oddTarget, unreadable } from "./odd-files.ts";

/** A folder of `content/` as Hugo sees it: several mounts merged. */
export interface ContentFolder {
  /** Below `content/`: `posts/x`, or empty. */
  readonly path: string;
  /** Real folders, in the order of the mounts. */
  readonly files: readonly ContentFile[];
  /** Sorted by name; read at the first use. */
  folders(): Iterable<ContentFolder>;
  /** The first of these names that exists. */
  folder(wanted: (name: string) => boolean): ContentFolder | undefined;
}

export interface ContentFile {
  readonly name: string;
  /** Path on this machine. */
  readonly file: string;
  readonly mount: Mount;
}

/**
 * The root of what the site and its themes mount. Folders are read synchronously, which is several times faster.
 * @param onOdd is called for each entry that is not a regular file or folder, or cannot be read; it is left out.
 */
export function contentRoot(site: Site, onOdd: (file: string, oddity: Oddity) => void): ContentFolder {
  const mounts = site.mounts.content.map(folderMount);
  return openFolder({ site, mounts, onOdd, linked: new Set() }, "", mountsAt(mounts, ""));
}

// --- parts ---

interface Tree {
  readonly site: Site;
  readonly mounts: readonly FolderMount[];
  readonly onOdd: (file: string, oddity: Oddity) => void;
  /** Real paths of folders behind links: each is read once, because links can form a cycle. */
  readonly linked: Set<string>;
}

/** A real folder of a mount. */
interface Layer {
  readonly mount: FolderMount;
  /** Path below the mount's source. */
  readonly below: string;
}

/** A mount of a folder; a mount of one file includes only this file, under the target's name. */
interface FolderMount extends Mount {
  readonly renamed?: string;
}

function folderMount(mount: Mount): FolderMount {
  if (statSync(mount.source).isDirectory()) return mount;
  return {
    ...mount,
    source: path.dirname(mount.source),
    target: path.posix.dirname(`/${mount.target}`).slice(1),
    renamed: path.posix.basename(mount.target),
    takes: (below) => below === path.basename(mount.source),
  };
}

function mountsAt(mounts: readonly FolderMount[], at: string): Layer[] {
  return mounts.filter(({ target }) => target === at).map((mount) => ({ mount, below: "" }));
}

function openFolder(tree: Tree, at: string, layers: readonly Layer[]): ContentFolder {
  const entries = layers.flatMap((layer) => readLayer(tree, layer));
  const named = new Map<string, Layer[]>();
  for (const { name, layer, isFolder } of entries) {
    if (!isFolder) continue;
    const below = path.posix.join(layer.below, name);
    named.set(name, [...(named.get(name) ?? []), { mount: layer.mount, below }]);
  }
  const prefix = at === "" ? "" : `${at}/`;
  for (const { target } of tree.mounts) {
    const name = target.startsWith(prefix) ? (target.slice(prefix.length).split("/")[0] ?? "") : "";
    if (name !== "" && !named.has(name)) named.set(name, []);
  }
  const names = () => [...named.keys()].sort();
  const open = (name: string) => {
    const below = prefix + name;
    return openFolder(tree, below, [...(named.get(name) ?? []), ...mountsAt(tree.mounts, below)]);
  };
  return {
    path: at,
    files: entries
      .filter(({ isFolder }) => !isFolder)
      .map(({ name, file, layer: { mount } }) => ({ name: mount.renamed ?? name, file, mount })),
    *folders() {
      for (const name of names()) yield open(name);
    },
    folder(wanted) {
      const name = names().find(wanted);
      return name === undefined ? undefined : open(name);
    },
  };
}

interface Entry {
  readonly name: string;
  readonly file: string;
  readonly layer: Layer;
  readonly isFolder: boolean;
}

function readLayer(tree: Tree, layer: Layer): Entry[] {
  const { site } = tree;
  const { mount, below } = layer;
  const folder = path.join(mount.source, below);
  return readFolder(folder, tree).flatMap((entry): Entry[] => {
    const file = path.join(folder, entry.name);
    const kind = kindOf(entry, file, tree);
    const isFolder = kind === "folder" || (kind !== "file" && kind.isFolder);
    if (site.ignores(file) || !mount.takes(path.posix.join(below, entry.name), isFolder)) return [];
    if (kind === "file" || kind === "folder") return [{ name: entry.name, file, layer, isFolder }];
    // Files that Hugo would not render as a page do not matter here, such as a link to a photograph.
    if (isFolder || markupOf(entry.name, site.hugoMinor) !== undefined) tree.onOdd(file, kind);
    return [];
  });
}

function readFolder(folder: string, { onOdd }: Tree): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    onOdd(folder, unreadable(error));
    return [];
  }
}

function kindOf(entry: Dirent, file: string, { site, linked }: Tree): "file" | "folder" | Oddity {
  try {
    const target = entry.isSymbolicLink() || entry.name.includes("\ufffd") ? statSync(file) : entry;
    const odd = oddKind(entry, target, site.hugoMinor);
    if (odd !== undefined) return odd;
    if (!target.isDirectory()) return "file";
    if (entry.isSymbolicLink()) {
      const real = realpathSync(file);
      const here = `${realpathSync(path.dirname(file))}/`;
      if (linked.has(real) || here.startsWith(`${real}/`)) return LINKED_TWICE;
      linked.add(real);
    }
    return "folder";
  } catch (error) {
    return oddTarget(entry, error, site.hugoMinor);
  }
}
