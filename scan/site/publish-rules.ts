import { toFlag } from "./config/cast.ts";
import { type ConfigTree, treeAt } from "./config/tree.ts";
import { type DatedFile, type DateRules, pageDates } from "./dates.ts";

/** Hugo's kind of a page, by its place. */
export type PageKind = "home" | "section" | "taxonomy" | "term" | "page";

/** The parts of a site's configuration that decide which pages are published. */
export interface PublishRules extends DateRules {
  readonly build: { readonly drafts: boolean; readonly future: boolean; readonly expired: boolean };
  /** Kinds of pages that are not built. */
  readonly disabledKinds: ReadonlySet<string>;
}

/**
 * Whether Hugo publishes a page today: it is not a draft, not in the future and not expired, unless the site builds these.
 * @param values its front matter with inherited values.
 */
export function isDue(values: ConfigTree, file: DatedFile, rules: PublishRules, now: Date): boolean {
  const { build } = rules;
  if (isDraft(values) && !build.drafts) return false;
  const { publish, expiry } = pageDates(values, file, rules);
  if (publish !== undefined && publish > now && !build.future) return false;
  return !(expiry !== undefined && expiry < now && !build.expired);
}

/**
 * Whether readers can see its text, by the rules of the site's Hugo version.
 * @param leaf whether it is a folder's `index.md`, with or without a language.
 */
export function isRendered(values: ConfigTree, kind: PageKind, leaf: boolean, rules: PublishRules): boolean {
  const { hugoMinor, disabledKinds } = rules;
  if (toFlag(values.headless) && (hugoMinor >= 123 || leaf)) return false;
  return !disabledKinds.has(kind) && !isNeverRendered(values, hugoMinor);
}

// --- parts ---

/** `published` counts if there is no `draft`; it can also be a date. */
function isDraft(values: ConfigTree): boolean {
  if ("draft" in values) return toFlag(values.draft);
  const { published } = values;
  const isWord = typeof published === "string" && /^(?:0|f|false|F|FALSE|False)$/.test(published);
  return published === false || published === 0 || isWord;
}

/**
 * Whether it is neither a page of its own nor in any list. A page that is listed but not rendered shows its text in lists and
 * feeds. `build` was called `_build` before 0.123; each version reads only its own name.
 */
function isNeverRendered(values: ConfigTree, hugoMinor: number): boolean {
  const name = hugoMinor < 123 || "_build" in values ? "_build" : "build";
  const { render, list } = treeAt(values, name);
  return (isNever(render) || render === "link") && isNever(list);
}

function isNever(value: unknown): boolean {
  return value === "never" || value === false || value === 0 || value === "0";
}
