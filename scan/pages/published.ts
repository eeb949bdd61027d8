import { type ConfigTree, treeAt } from "../site/config.ts";
import type { Site } from "../site.ts";
import { pageDates } from "./dates.ts";

/**
 * Whether Hugo makes an HTML page of a file today, by the rules of the site's Hugo version.
 * @param values its front matter with what it inherits.
 * @param fileName for dates in names.
 */
export function isPublished(values: ConfigTree, fileName: string, site: Site, now: Date): boolean {
  if (isDraft(values) && !site.build.drafts) return false;
  if (values.headless === true) return false;
  if (isNeverRendered(values, site.hugoMinor)) return false;
  const dates = pageDates(values, site.dates, fileName, site.hugoMinor);
  if (dates.publish !== undefined && dates.publish > now && !site.build.future) return false;
  return !(dates.expiry !== undefined && dates.expiry <= now && !site.build.expired);
}

// --- parts ---

function isDraft(values: ConfigTree): boolean {
  return isTrue(values.draft) || values.published === false;
}

/** As Go's ParseBool reads text. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && /^(?:1|t|true)$/i.test(value));
}

/**
 * Neither a page of its own nor in any list. What is not rendered but listed shows its text in lists and feeds.
 * `build` is what `_build` was called before 0.123; each version knows its own.
 */
function isNeverRendered(values: ConfigTree, hugoMinor: number): boolean {
  const names = hugoMinor < 123 ? ["_build"] : ["_build", "build"];
  return names.some((name) => {
    const { render, list } = treeAt(values, name);
    return (
      (render === "never" || render === "link" || render === false) && (list === "never" || list === false)
    );
  });
}
