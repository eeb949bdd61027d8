import { toFlag } from "./config/cast.ts";
import { type ConfigTree, treeAt } from "./config/tree.ts";
import { type DatedFile, type DateRules, pageDates } from "./dates.ts";

/** What Hugo calls a page by its place. */
export type PageKind = "home" | "section" | "taxonomy" | "term" | "page";

/** What of a site's configuration decides which of its pages are published. */
export interface PublishRules extends Omit<DateRules, "configured"> {
  readonly build: { readonly drafts: boolean; readonly future: boolean; readonly expired: boolean };
  /** Which front matter makes a date, from `[frontmatter]`. */
  readonly dates: ConfigTree;
  /** Kinds of pages that are not built. */
  readonly disabledKinds: ReadonlySet<string>;
}

/**
 * Whether Hugo publishes a page today: neither a draft nor of the future nor expired, unless the site builds these.
 * @param values its front matter with what it inherits.
 */
export function isDue(values: ConfigTree, file: DatedFile, rules: PublishRules, now: Date): boolean {
  const { build } = rules;
  if (isDraft(values) && !build.drafts) return false;
  const { publish, expiry } = pageDates(values, file, { ...rules, configured: rules.dates });
  if (publish !== undefined && publish > now && !build.future) return false;
  return !(expiry !== undefined && expiry < now && !build.expired);
}

/**
 * Whether its text reaches readers then, by the rules of the site's Hugo version.
 * @param leaf whether it is a folder's `index.md`, with or without a language.
 */
export function isRendered(values: ConfigTree, kind: PageKind, leaf: boolean, rules: PublishRules): boolean {
  const { hugoMinor, disabledKinds } = rules;
  if (toFlag(values.headless) && (hugoMinor >= 123 || leaf)) return false;
  return !disabledKinds.has(kind) && !isNeverRendered(values, hugoMinor);
}

// --- parts ---

/** `published` counts where there is no `draft`; it may also be a date. */
function isDraft(values: ConfigTree): boolean {
  if ("draft" in values) return toFlag(values.draft);
  const { published } = values;
  const isWord = typeof published === "string" && /^(?:0|f|false|F|FALSE|False)$/.test(published);
  return published === false || published === 0 || isWord;
}

/**
 * Neither a page of its own nor in any list. What is not rendered but listed shows its text in lists and feeds.
 * `build` is what `_build` was called before 0.123; each version knows its own.
 */
function isNeverRendered(values: ConfigTree, hugoMinor: number): boolean {
  const name = hugoMinor < 123 || "_build" in values ? "_build" : "build";
  const { render, list } = treeAt(values, name);
  return (isNever(render) || render === "link") && isNever(list);
}

function isNever(value: unknown): boolean {
  return value === "never" || value === false || value === 0 || value === "0";
}
