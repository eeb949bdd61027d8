import type { SiteParams } from "../../contract/page/params.ts";
import { CannotRun } from "../cannot-run.ts";
import { toFlag, toText, toTexts } from "./config/cast.ts";
import { type ConfigTree, isTree, treeAt } from "./config/tree.ts";
import { dateChains } from "./dates.ts";
import type { LanguageConfig } from "./languages.ts";
import { parseParams } from "./params.ts";
import type { PublishRules } from "./publish-rules.ts";
import { timeZone } from "./time-zone.ts";

/** The settings of one language of a site that a scan needs. */
export interface SiteLanguage extends PublishRules {
  readonly name: string;
  /** Where its pages are served. */
  readonly baseUrl: string;
  readonly params: SiteParams;
  /**
   * The parameters of the language with those of a page or a shortcode merged in; `false` leaves images unchanged.
   * @throws CannotRun naming the file.
   */
  paramsWith(overrides: unknown, file: string): SiteParams;
  /** The image in link previews of pages without their own. */
  readonly image: string | undefined;
  /** Front matter that the configuration gives to pages (cascade). */
  readonly cascade: unknown;
  /** Whether Hugo prints raw HTML in Markdown. */
  readonly unsafeHtml: boolean;
  /** The folders of taxonomies, such as `tags`. */
  readonly taxonomies: ReadonlySet<string>;
}

export interface LanguageOptions {
  readonly hugoMinor: number;
  /** Used if the site does not set `params.imgproxy.endpoint`. */
  readonly endpoint?: string;
  /** The file that set a key. */
  originOf(key: string, language?: string): string;
}

/** @throws CannotRun naming file and key. */
export function loadLanguage({ name, config }: LanguageConfig, options: LanguageOptions): SiteLanguage {
  const { hugoMinor, endpoint } = options;
  const given = { ...(endpoint !== undefined && { endpoint }), ...treeAt(config, "params", "imgproxy") };
  const originOf = (key: string) => options.originOf(key, name);
  const params = parseParams(given, originOf);
  return {
    name,
    baseUrl: toText(config.baseurl) ?? "",
    params,
    paramsWith: (overrides, file) => pageParams(overrides, file, given, params),
    image: toTexts(treeAt(config, "params").images)[0],
    cascade: config.cascade,
    unsafeHtml: toFlag(treeAt(config, "markup", "goldmark", "renderer").unsafe),
    taxonomies: new Set(
      Object.values(
        config.taxonomies === undefined
          ? { tag: "tags", category: "categories" }
          : treeAt(config, "taxonomies"),
      ).flatMap(toTexts),
    ),
    build: {
      drafts: toFlag(config.builddrafts),
      future: toFlag(config.buildfuture),
      expired: toFlag(config.buildexpired),
    },
    dates: dateChains(treeAt(config, "frontmatter")),
    zone: zoneOf(config, originOf),
    gitDate: toFlag(config.enablegitinfo) ? new Date(0) : undefined,
    disabledKinds: new Set(toTexts(config.disablekinds).map((kind) => kind.toLowerCase())),
    hugoMinor,
  };
}

// --- parts ---

function pageParams(overrides: unknown, file: string, given: ConfigTree, params: SiteParams): SiteParams {
  if (overrides === undefined || overrides === null) return params;
  if (!isTree(overrides)) return { ...params, endpoint: "" };
  // Most pages and shortcodes have none of their own: checking the site's for each would cost a tenth of a scan.
  if (Object.keys(overrides).length === 0) return params;
  return parseParams({ ...given, ...overrides }, () => file);
}

function zoneOf(config: ConfigTree, originOf: (key: string) => string): SiteLanguage["zone"] {
  const name = toText(config.timezone) ?? "";
  try {
    return timeZone(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CannotRun(
      `${originOf("timezone")}: timeZone takes a name such as Europe/Berlin; it is "${name}"`,
    );
  }
}
