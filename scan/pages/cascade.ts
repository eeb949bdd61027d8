import { type ConfigTree, isTree } from "../site/config.ts";
import { parseGlob } from "../site/glob.ts";

/** Front matter that a section gives to the pages below it. */
export interface Cascade {
  readonly values: ConfigTree;
  takes(page: CascadeTarget): boolean;
}

/** What `target` (once `_target`) can ask for. */
export interface CascadeTarget {
  /** Below `content/`, without extension: `posts/x`. */
  readonly path: string;
  readonly kind: "home" | "section" | "page";
  readonly language: string;
}

/** `cascade` is a table, or a list of tables that may each have a target. */
export function parseCascade(cascade: unknown): Cascade[] {
  const entries = Array.isArray(cascade) ? cascade : [cascade];
  return entries.filter(isTree).map((entry) => {
    const { target, _target, ...values } = entry;
    return { values, takes: parseTarget(target ?? _target) };
  });
}

/** A page's own front matter over what it inherits, the nearest section first. */
export function withCascades(own: ConfigTree, cascades: readonly Cascade[], page: CascadeTarget): ConfigTree {
  const taken = cascades.filter((cascade) => cascade.takes(page)).map((cascade) => cascade.values);
  return Object.assign({}, ...taken.reverse(), own);
}

// --- parts ---

function parseTarget(target: unknown): (page: CascadeTarget) => boolean {
  if (!isTree(target)) return () => true;
  const path = globOf(target.path);
  const kind = globOf(target.kind);
  const language = globOf(target.lang);
  return (page) => path(page.path) && kind(page.kind) && language(page.language);
}

function globOf(glob: unknown): (text: string) => boolean {
  return typeof glob === "string" && glob !== "" ? parseGlob(glob) : () => true;
}
