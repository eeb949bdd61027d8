import { toText, toTexts } from "../../site/config/cast.ts";
import { type ConfigTree, isTree, treeAt } from "../../site/config/tree.ts";
import { parseGlob } from "../../site/glob.ts";
import type { PageKind } from "../../site/publish-rules.ts";

/** Front matter that a section passes on to the pages below it. */
export interface Cascade {
  readonly values: ConfigTree;
  takes(page: CascadeTarget): boolean;
}

/** The conditions in `target` (earlier `_target`). */
export interface CascadeTarget {
  /** From the root of `content/`, with a leading slash: `/posts/x`. */
  readonly path: string;
  readonly kind: PageKind;
  readonly language: string;
  /** Hugo's environment, such as `production`. */
  readonly environment: string;
}

/**
 * `cascade` is a table, or a list of tables that can each have a target.
 * @param hugoMinor before 0.112 the target is called `_target`, exists only in lists, and `params` is an ordinary parameter.
 */
export function parseCascade(cascade: unknown, hugoMinor: number): Cascade[] {
  const isList = Array.isArray(cascade);
  const entries: readonly unknown[] = isList ? cascade : [cascade];
  return entries.filter(isTree).map((entry) => {
    const { _target, ...others } = entry;
    if (hugoMinor < 112) return { values: others, takes: parseTarget(isList ? _target : undefined) };
    const { target, params, ...values } = others;
    return {
      values: { ...(isTree(params) ? params : {}), ...values },
      takes: parseTarget(target ?? _target),
    };
  });
}

/** A page's own front matter merged over the inherited values, the nearest section first. */
export function withCascades(own: ConfigTree, cascades: readonly Cascade[], page: CascadeTarget): ConfigTree {
  if (cascades.length === 0) return own;
  const taken = cascades.filter((cascade) => cascade.takes(page)).map((cascade) => cascade.values);
  return Object.assign({}, ...taken.reverse(), own);
}

/** The values that templates see: from 0.123 on, values in `params` count like values beside it, and come first. */
export function withParams(values: ConfigTree, hugoMinor: number): ConfigTree {
  if (hugoMinor < 123 || !isTree(values.params)) return values;
  const { params, ...others } = values;
  return { ...others, ...values.params };
}

/** Whether one of Hugo's lists of language names, such as `["**", "! de"]`, includes a language. */
export function takesLanguage(patterns: readonly string[], language: string): boolean {
  const matches = (pattern: string) => parseGlob(pattern)?.(language) === true;
  const refused = patterns.filter((pattern) => pattern.startsWith("! ")).map((pattern) => pattern.slice(2));
  const wanted = patterns.filter((pattern) => !pattern.startsWith("! "));
  return (wanted.length === 0 || wanted.some(matches)) && !refused.some(matches);
}

// --- parts ---

function parseTarget(target: unknown): (page: CascadeTarget) => boolean {
  if (!isTree(target)) return () => true;
  const path = globOf(target.path);
  const kind = globOf(target.kind);
  const environment = globOf(target.environment);
  const languages = [...toTexts(target.lang), ...toTexts(treeAt(target, "sites", "matrix").languages)];
  return (page) =>
    path(page.path) &&
    kind(page.kind) &&
    environment(page.environment) &&
    takesLanguage(languages, page.language);
}

/** An invalid pattern matches nothing. */
function globOf(glob: unknown): (text: string) => boolean {
  const pattern = toText(glob);
  if (pattern === undefined || pattern === "") return () => true;
  return parseGlob(pattern) ?? (() => false);
}
