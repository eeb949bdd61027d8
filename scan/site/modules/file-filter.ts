import path from "node:path";
import { toTexts } from "../config/cast.ts";
import type { ConfigTree } from "../config/tree.ts";
import { parseGlob } from "../glob.ts";

/**
 * Which files of a mount Hugo uses: `files` (from 0.153 on; `! ` excludes), and the older `includeFiles` and `excludeFiles`. The
 * first pattern that matches decides; a folder on the way to an included file is included.
 */
export function parseFileFilter(mount: ConfigTree): (below: string, isFolder: boolean) => boolean {
  const patterns = [
    ...toTexts(mount.files),
    ...toTexts(mount.includefiles),
    ...toTexts(mount.excludefiles).map((pattern) => `! ${pattern}`),
  ];
  const rules = patterns.flatMap(parseRules);
  const wantsAll = !rules.some(({ kind }) => kind === "wanted");
  return (below, isFolder) => {
    for (const { kind, matches } of rules) {
      if ((kind === "leading" && !isFolder) || !matches(`/${below}`)) continue;
      return kind !== "refused";
    }
    return wantsAll;
  };
}

interface Rule {
  readonly kind: "wanted" | "leading" | "refused";
  matches(file: string): boolean;
}

function parseRules(pattern: string): Rule[] {
  const refuses = pattern.startsWith("! ");
  const absolute = refuses ? pattern.slice(2) : pattern;
  const glob = absolute.startsWith("/") ? absolute : `/${absolute}`;
  if (refuses) return [{ kind: "refused", matches: globOf(glob) }];
  const folders = path.posix.dirname(glob).split("/");
  const leading = folders.map((_, at) => path.posix.join("/", ...folders.slice(0, at + 1)));
  return [
    { kind: "wanted", matches: globOf(glob) },
    ...leading.map((folder): Rule => ({ kind: "leading", matches: globOf(folder) })),
  ];
}

function globOf(glob: string): (file: string) => boolean {
  return parseGlob(glob) ?? (() => false);
}
