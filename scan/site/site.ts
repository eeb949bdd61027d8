import path from "node:path";
import { toText } from "./config/cast.ts";
import { type HugoConfig, loadConfig } from "./config/config.ts";
import { treeAt } from "./config/tree.ts";
import { shortcodeConflicts } from "./hook-conflicts.ts";
import { loadLanguage, type SiteLanguage } from "./language.ts";
import { type LanguageConfig, type SiteLanguages, siteLanguages } from "./languages.ts";
import { parseIgnored } from "./modules/ignore-files.ts";
import { loadMounts, type Mounts } from "./modules/mounts.ts";
import { readTemplates, type Template } from "./modules/templates.ts";
import { signatureKeyOf } from "./signing.ts";

/** What a scan needs to know of a Hugo site. */
export interface Site {
  /** Absolute. */
  readonly folder: string;
  readonly environment: string;
  readonly baseUrl: string;
  /** The file that names the proxy: where a finding about the whole site belongs. */
  readonly configFile: string;
  /** Those that are built, in Hugo's order; each has its own parameters. */
  readonly languages: readonly SiteLanguage[];
  /** The language of files that name none. */
  readonly main: SiteLanguage;
  /** Files of these are not built. */
  readonly disabledLanguages: ReadonlySet<string>;
  /** Where readers reach the proxy, the main language's first: each once; usually one, none where it is not set. */
  readonly endpoints: readonly string[];
  /** What signs the URLs, if anything does. */
  readonly signatureKey: string | undefined;
  readonly mounts: Mounts;
  /** The shortcodes and image hooks of the site, its themes and modules, in the order in which Hugo looks. */
  readonly templates: readonly Template[];
  /** The `92` of 0.92.1: the rules for what is a page changed over time. */
  readonly hugoMinor: number;
  /** Whether Hugo leaves out a content file or folder, by its absolute name. */
  ignores(file: string): boolean;
  /** About the site as a whole, in words; usually none. */
  readonly warnings: readonly string[];
  /** Names of keys of the configuration that keep the hook from running, in words; usually none. */
  readonly silenced: readonly string[];
}

export interface SiteOptions {
  readonly folder: string;
  /** Hugo's environment: `production` for a publish. */
  readonly environment: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly hugoMinor: number;
  /** What stands in for `params.imgproxy.endpoint` where no language of the site has one. */
  readonly endpoint?: string;
}

/**
 * Reads a site's configuration.
 * @throws CannotRun naming file and key.
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
    ...{ folder, environment, languages, main, hugoMinor, endpoints: [...new Set(endpoints)] },
    baseUrl: toText(values.baseurl) ?? "",
    configFile: originOf(given.endpoint === undefined ? "baseurl" : "params.imgproxy.endpoint", main.name),
    disabledLanguages: configured.disabled,
    signatureKey: signatureKeyOf(main.params.sign, given.key, options),
    mounts,
    templates,
    ignores: ignored.ignores,
    warnings: [
      ...endpointWarnings(configured, languages),
      ...shortcodeConflicts(templates),
      ...ignored.problems.map(
        (pattern) => `ignoreFiles: "${pattern}" cannot be read here, so what it stands for is scanned`,
      ),
    ],
    silenced: hookConflicts(configured, originOf),
  };
}

// --- parts ---

function hasEndpoint({ config }: LanguageConfig): boolean {
  return treeAt(config, "params", "imgproxy").endpoint !== undefined;
}

/** Where --endpoint alone says where the proxy is, Hugo does not know it. */
function endpointWarnings({ enabled }: SiteLanguages, languages: readonly SiteLanguage[]): string[] {
  const lacking = enabled.filter((language) => !hasEndpoint(language)).map(({ name }) => name);
  if (lacking.length === 0 || languages.every(({ params }) => params.endpoint === "")) return [];
  const where = lacking.length < enabled.length ? ` for ${lacking.join(", ")}` : "";
  return [`params.imgproxy.endpoint is not set${where}: hugo leaves images as they are until it is`];
}

/** `useEmbedded = "always"` (0.148 on) puts Hugo's own hook in the place of ours without a word. */
function hookConflicts({ enabled }: SiteLanguages, originOf: HugoConfig["originOf"]): string[] {
  const key = "markup.goldmark.renderhooks.image.useembedded";
  const silent = enabled.filter(
    ({ config }) => treeAt(config, "markup", "goldmark", "renderhooks", "image").useembedded === "always",
  );
  const files = new Set(silent.map(({ name }) => originOf(key, name)));
  return [...files].map(
    (file) =>
      `${file}: markup.goldmark.renderHooks.image.useEmbedded is "always", which turns the module's hook off`,
  );
}
