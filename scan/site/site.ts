import path from "node:path";
import { type PublishedField, publishedBy } from "../../contract/meta.ts";
import { unknownParams } from "../../contract/page/param-rules.ts";
import { toText } from "./config/cast.ts";
import { type HugoConfig, loadConfig } from "./config/config.ts";
import { treeAt } from "./config/tree.ts";
import { shortcodeConflicts } from "./hook-conflicts.ts";
import { loadLanguage, type SiteLanguage } from "./language.ts";
import { type LanguageConfig, type SiteLanguages, siteLanguages } from "./languages.ts";
import { parseIgnored } from "./modules/ignore-files.ts";
import type { Module } from "./modules/modules.ts";
import { loadMounts, type Mounts } from "./modules/mounts.ts";
import { readTemplates, type Template } from "./modules/templates.ts";
import { signatureKeyOf } from "./signing.ts";

/** The facts about a Hugo site that a scan needs. */
export interface Site {
  /** Absolute. */
  readonly folder: string;
  readonly environment: string;
  readonly baseUrl: string;
  /** The file that sets the endpoint: findings about the whole site are reported there. */
  readonly configFile: string;
  /** The file that sets `params.imgproxy.albums`. */
  readonly albumsFile: string;
  /** Languages that are built, in Hugo's order; each has its own parameters. */
  readonly languages: readonly SiteLanguage[];
  /** The language of files whose name contains none. */
  readonly main: SiteLanguage;
  /** Languages whose files are not built. */
  readonly disabledLanguages: ReadonlySet<string>;
  /** The endpoints, the main language's first, each once; usually one, none if it is not set. */
  readonly endpoints: readonly string[];
  /** The key that signs URLs, if there is one. */
  readonly signatureKey: string | undefined;
  /** What its manifest says of photographs from their metadata: what any of its languages names. */
  readonly meta: readonly PublishedField[];
  /** Whether it names them, or prints them itself: then it is worth a warning if the server tells none. */
  readonly needsMeta: boolean;
  readonly mounts: Mounts;
  /** The shortcodes and image hooks of the site, its themes and modules, in Hugo's lookup order. */
  readonly templates: readonly Template[];
  /** `92` for 0.92.1: the rules for what is a page depend on the version. */
  readonly hugoMinor: number;
  /** Whether Hugo ignores a content file or folder, by its absolute path. */
  ignores(file: string): boolean;
  /** The themes and modules in Hugo's lookup order; without the site itself. */
  readonly modules: readonly Module[];
  /** Warnings about the site as a whole; usually none. */
  readonly warnings: readonly SiteWarning[];
  /** Settings that keep the hook from running; usually none. */
  readonly silenced: readonly string[];
}

export interface SiteWarning {
  /** `shortcodes` and `content`: this may be intended. */
  readonly about: "endpoint" | "parameters" | "goldmark" | "shortcodes" | "content";
  readonly words: string;
}

export interface SiteOptions {
  readonly folder: string;
  /** Hugo's environment: `production` for a publish. */
  readonly environment: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly hugoMinor: number;
  /** Used if no language of the site sets `params.imgproxy.endpoint`. */
  readonly endpoint?: string;
}

/**
 * Reads a site's configuration.
 * @throws CannotRun with file and key.
 */
export async function loadSite(options: SiteOptions): Promise<Site> {
  const { hugoMinor, environment, variables, endpoint } = options;
  const folder = path.resolve(options.folder);
  const config = await loadConfig({ folder, environment, variables, hugoMinor });
  const { values, originOf } = config;
  const configured = siteLanguages(values, hugoMinor);
  const standIn = configured.enabled.some(hasEndpoint) ? undefined : endpoint;
  const languages = configured.enabled.map((language) =>
    loadLanguage(language, { hugoMinor, originOf, ...(standIn !== undefined && { endpoint: standIn }) }),
  );
  const main = languages.find(({ name }) => name === configured.main.name);
  if (main === undefined) throw new Error("the main language is one of those that are enabled");
  const ignored = parseIgnored(values);
  const given = treeAt(configured.main.config, "params", "imgproxy");
  const endpoints = [main, ...languages].map(({ params }) => params.endpoint).filter((one) => one !== "");
  const mounts = await loadMounts({ folder, config: values }, config.modules, configured);
  const templates = await readTemplates({ folder, hugoMinor, languages, mounts, modules: config.modules });
  return {
    folder,
    environment,
    languages,
    main,
    hugoMinor,
    endpoints: [...new Set(endpoints)],
    baseUrl: toText(values.baseurl) ?? "",
    configFile: originOf(given.endpoint === undefined ? "baseurl" : "params.imgproxy.endpoint", main.name),
    albumsFile: originOf("params.imgproxy.albums", main.name),
    disabledLanguages: configured.disabled,
    meta: [...new Set(languages.flatMap(({ params }) => publishedBy(params)))],
    needsMeta:
      configured.enabled.some(({ config }) => treeAt(config, "params", "imgproxy").meta !== undefined) ||
      languages.some(({ params }) => params.captions === "photo" || params.exif),
    signatureKey: signatureKeyOf(main.params.sign, given.key, options),
    mounts,
    modules: config.modules,
    templates,
    ignores: ignored.ignores,
    warnings: [
      ...endpointWarnings(configured, languages).map(about("endpoint")),
      ...unknownNames(configured).map(about("parameters")),
      ...idleParams(configured, languages).map(about("goldmark")),
      ...shortcodeConflicts(templates).map(about("shortcodes")),
      ...ignored.problems
        .map(
          (pattern) =>
            `ignoreFiles: "${pattern}" cannot be evaluated here, so the files that it matches are scanned`,
        )
        .map(about("content")),
    ],
    silenced: silencedHooks(configured, originOf),
  };
}

// --- parts ---

function hasEndpoint({ config }: LanguageConfig): boolean {
  return treeAt(config, "params", "imgproxy").endpoint !== undefined;
}

function about(what: SiteWarning["about"]): (words: string) => SiteWarning {
  return (words) => ({ about: what, words });
}

/** If only --endpoint names the proxy, Hugo does not know it. */
function endpointWarnings({ enabled }: SiteLanguages, languages: readonly SiteLanguage[]): string[] {
  const lacking = enabled.filter((language) => !hasEndpoint(language)).map(({ name }) => name);
  if (lacking.length === 0 || languages.every(({ params }) => params.endpoint === "")) return [];
  const where = lacking.length < enabled.length ? ` for ${lacking.join(", ")}` : "";
  return [`params.imgproxy.endpoint is not set${where}: hugo does not change images until it is`];
}

function unknownNames({ enabled }: SiteLanguages): string[] {
  return [...new Set(enabled.flatMap(({ config }) => unknownParams(treeAt(config, "params", "imgproxy"))))];
}

/** Parameters that do nothing without a setting of goldmark. */
function idleParams({ enabled }: SiteLanguages, languages: readonly SiteLanguage[]): string[] {
  const wraps = enabled.filter(
    ({ config }) =>
      treeAt(config, "markup", "goldmark", "parser").wrapstandaloneimagewithinparagraph !== false,
  );
  const asks = languages
    .filter(({ name }) => wraps.some((language) => language.name === name))
    .flatMap(({ params }) => [
      ...(params.figure ? ["figure does nothing"] : []),
      ...(params.lightbox ? ["lightbox does nothing"] : []),
      ...(params.link === "none" ? [] : ["link does nothing"]),
      ...(params.captions === "none" ? [] : ["captions prints no captions"]),
      ...(params.exif ? ["exif does nothing"] : []),
    ]);
  return [...new Set(asks)].map(
    (what) =>
      `params.imgproxy.${what}: it is for images that stand alone, and there are none without markup.goldmark.parser.wrapStandAloneImageWithinParagraph = false`,
  );
}

/** With `useEmbedded = "always"` (from 0.148 on) Hugo uses its own hook instead of the module's, without a message. */
function silencedHooks({ enabled }: SiteLanguages, originOf: HugoConfig["originOf"]): string[] {
  const key = "markup.goldmark.renderhooks.image.useembedded";
  const silent = enabled.filter(
    ({ config }) => treeAt(config, "markup", "goldmark", "renderhooks", "image").useembedded === "always",
  );
  const files = new Set(silent.map(({ name }) => originOf(key, name)));
  return [...files].map(
    (file) =>
      `${file}: markup.goldmark.renderHooks.image.useEmbedded is "always", which disables the module's hook: remove it, or set it to "fallback"`,
  );
}
