import path from "node:path";
import type { SiteParams } from "../contract/params.ts";
import { CannotRun } from "./cannot-run.ts";
import { type ConfigTree, isTree, loadConfig, treeAt } from "./site/config.ts";
import { loadMounts, type Mounts, themeRoots } from "./site/mounts.ts";
import { parseParams } from "./site/params.ts";

/** What a scan needs to know of a Hugo site. */
export interface Site {
  /** Absolute. */
  readonly folder: string;
  readonly params: SiteParams;
  readonly baseUrl: string;
  /** The file that names the proxy: where a finding about the whole site belongs. */
  readonly configFile: string;
  /**
   * The same with what a page or a shortcode sets on top; `false` leaves images as they are.
   * @throws CannotRun naming the file.
   */
  paramsWith(overrides: unknown, file: string): SiteParams;
  /** What link previews show for pages without an image of their own. */
  readonly image: string | undefined;
  /** What signs the URLs, if anything does. */
  readonly signatureKey: string | undefined;
  readonly mounts: Mounts;
  /** Folders of the themes and local modules, in Hugo's order. */
  readonly themes: readonly string[];
  /** The `92` of 0.92.1: the rules for what is a page changed over time. */
  readonly hugoMinor: number;
  /** Of every language, the disabled ones too: `x.fr.md` is the page x only where `fr` is a language. */
  readonly languages: ReadonlySet<string>;
  readonly disabledLanguages: ReadonlySet<string>;
  readonly ignoreFiles: readonly RegExp[];
  readonly build: { readonly drafts: boolean; readonly future: boolean; readonly expired: boolean };
  /** Which front matter makes a date, from `[frontmatter]`. */
  readonly dates: ConfigTree;
  /** Front matter that the site's configuration gives to pages. */
  readonly cascade: unknown;
  /** Whether raw HTML in Markdown reaches the page. */
  readonly unsafeHtml: boolean;
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
  /** What stands in for `params.imgproxy.endpoint` where the site sets none. */
  readonly endpoint?: string;
}

/**
 * Reads a site's configuration.
 * @throws CannotRun naming file and key.
 */
export async function loadSite(options: SiteOptions): Promise<Site> {
  const config = await loadConfig(options.folder, options.environment, options.variables);
  const { values } = config;
  const languages = Object.entries(treeAt(values, "languages")).filter(
    (entry): entry is [string, ConfigTree] => isTree(entry[1]),
  );
  const enabled = languages.filter(([name, language]) => !isDisabled(name, language, values));
  const folder = path.resolve(options.folder);
  const themes = await themeRoots(folder, values);
  const given = { ...endpointOf(options), ...treeAt(values, "params", "imgproxy") };
  const params = parseParams(given, config.originOf);
  const goldmark = treeAt(values, "markup", "goldmark");
  return {
    folder,
    params,
    configFile: config.originOf(
      treeAt(values, "params", "imgproxy").endpoint === undefined ? "baseurl" : "params.imgproxy.endpoint",
    ),
    baseUrl: texts(values.baseurl)[0] ?? "",
    paramsWith: (overrides, file) => pageParams(overrides, file, given, params),
    image: texts(treeAt(values, "params").images)[0],
    signatureKey: signatureKeyOf(params.sign, given.key, options),
    mounts: await loadMounts(
      { folder, config: values },
      themes,
      enabled.map(([, language]) => language),
    ),
    themes: themes.map((theme) => theme.folder),
    hugoMinor: options.hugoMinor,
    languages: new Set([...languages.map(([name]) => name), defaultLanguage(values)]),
    disabledLanguages: new Set(
      languages.filter(([name, language]) => isDisabled(name, language, values)).map(([name]) => name),
    ),
    ignoreFiles: texts(values.ignorefiles).flatMap(regex),
    build: {
      drafts: values.builddrafts === true,
      future: values.buildfuture === true,
      expired: values.buildexpired === true,
    },
    dates: treeAt(values, "frontmatter"),
    cascade: values.cascade,
    unsafeHtml: treeAt(goldmark, "renderer").unsafe === true,
    warnings:
      params.endpoint !== "" && treeAt(values, "params", "imgproxy").endpoint === undefined
        ? ["params.imgproxy.endpoint is not set: hugo leaves images as they are until it is"]
        : [],
    silenced: silencers(goldmark, config.originOf),
  };
}

// --- parts ---

function endpointOf({ endpoint }: SiteOptions): ConfigTree {
  return endpoint === undefined ? {} : { endpoint };
}

/**
 * As the hook has it: the parameter, which reaches templates without any permission, then the variable where URLs are to be
 * signed. White space around it is the file's that it was read from.
 * @throws CannotRun where only one side of signing is configured: all images would be refused, or none signed.
 */
function signatureKeyOf(
  sign: boolean,
  given: unknown,
  { variables, environment }: SiteOptions,
): string | undefined {
  const parameter = typeof given === "string" || typeof given === "number" ? String(given).trim() : "";
  const variable = (variables.HUGO_IMGPROXY_KEY ?? "").trim();
  if (parameter !== "") return parameter;
  if (sign && variable !== "") return variable;
  if (variable !== "")
    throw new CannotRun(
      "HUGO_IMGPROXY_KEY is set, but the site does not sign its URLs: set params.imgproxy.sign = true (or HUGO_PARAMS_IMGPROXY_SIGN=true), or unset HUGO_IMGPROXY_KEY",
    );
  if (sign && environment === "production")
    throw new CannotRun(
      "params.imgproxy.sign is on, and HUGO_IMGPROXY_KEY is not set: set it to a key that the server has in SIGNING_KEYS",
    );
  return undefined;
}

function pageParams(overrides: unknown, file: string, given: ConfigTree, params: SiteParams): SiteParams {
  if (overrides === undefined || overrides === null) return params;
  if (!isTree(overrides)) return { ...params, endpoint: "" };
  return parseParams({ ...given, ...overrides }, () => file);
}

function defaultLanguage(values: ConfigTree): string {
  const name = values.defaultcontentlanguage;
  return typeof name === "string" ? name.toLowerCase() : "en";
}

function isDisabled(name: string, language: ConfigTree, values: ConfigTree): boolean {
  return (
    language.disabled === true || texts(values.disablelanguages).some((one) => one.toLowerCase() === name)
  );
}

/** `useEmbedded = "always"` (0.148 on) puts Hugo's own hook in the place of ours without a word. */
function silencers(goldmark: ConfigTree, originOf: (key: string) => string): string[] {
  const key = "markup.goldmark.renderhooks.image.useembedded";
  if (treeAt(goldmark, "renderhooks", "image").useembedded !== "always") return [];
  return [
    `${originOf(key)}: markup.goldmark.renderHooks.image.useEmbedded is "always", which turns the module's hook off`,
  ];
}

function regex(pattern: string): RegExp[] {
  try {
    return [new RegExp(pattern)];
  } catch {
    return [];
  }
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
}
