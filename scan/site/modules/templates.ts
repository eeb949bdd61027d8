import path from "node:path";
import { readText } from "../../read-text.ts";
import { entriesBelow } from "../entries-below.ts";
import type { Module } from "./modules.ts";
import type { Mount } from "./mounts.ts";

/** A shortcode or an image render hook that Hugo can run on HTML pages. */
export interface Template {
  readonly kind: "shortcode" | "hook";
  /** `img`, `imgproxy/img`; `render-image`. */
  readonly name: string;
  /** The folder of pages that it applies to: `posts`, or empty for all. */
  readonly section: string;
  /** The language that it applies to; undefined for all. */
  readonly language: string | undefined;
  /** Whether its name contains `html`: before 0.146 it came before one without. */
  readonly named: boolean;
  /** Whether it shows images of the proxy: the module's own, or one that calls the module's partials. */
  readonly ours: boolean;
  /** Whether it belongs to the site; otherwise to a theme or module. */
  readonly theme: boolean;
  /** Relative to the site. */
  readonly file: string;
}

export interface TemplateSource {
  readonly folder: string;
  readonly hugoMinor: number;
  readonly languages: readonly { readonly name: string }[];
  readonly mounts: { readonly layouts: readonly Mount[] };
  readonly modules: readonly Module[];
}

/** In Hugo's lookup order. A module that is not on this machine is assumed to contain this module's templates. */
export async function readTemplates(site: TemplateSource): Promise<Template[]> {
  const found: Template[] = [];
  let at = 0;
  for (const mount of site.mounts.layouts) {
    const place = placeOf(mount, site.modules);
    for (; at < place; at++) if (site.modules[at]?.folder === undefined) found.push(...absentModule);
    found.push(...(await templatesOf(mount, site, place >= 0)));
  }
  for (; at < site.modules.length; at++)
    if (site.modules[at]?.folder === undefined) found.push(...absentModule);
  return found.some(({ ours }) => ours) ? found : [...absentModule, ...found];
}

/**
 * The template that Hugo runs on a page: one for its section or language first, then in lookup order.
 * @param page its folder below `content/`, with a slash at its end, or empty.
 */
export function chooseTemplate(
  templates: readonly Template[],
  kind: Template["kind"],
  name: string,
  page: { readonly folder: string; readonly language: { readonly name: string } },
): Template | undefined {
  let best: { readonly template: Template; readonly rank: number } | undefined;
  for (const template of templates) {
    const { section, language } = template;
    if (template.kind !== kind || template.name !== name) continue;
    if (language !== undefined && language !== page.language.name) continue;
    if (section !== "" && !page.folder.toLowerCase().startsWith(`${section}/`)) continue;
    const rank = section.length * 4 + (language === undefined ? 0 : 2) + (template.named ? 1 : 0);
    if (best === undefined || rank > best.rank) best = { template, rank };
  }
  return best?.template;
}

// --- reading ---

/** -1 for a mount of the site itself. */
function placeOf({ source }: Mount, modules: readonly Module[]): number {
  return modules.findIndex(({ folder }) => folder !== undefined && isWithin(source, folder));
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}${path.sep}`);
}

async function templatesOf(mount: Mount, site: TemplateSource, theme: boolean): Promise<Template[]> {
  const files = await entriesBelow(mount.source).catch(() => []);
  const found: Template[] = [];
  for (const entry of files.filter((file) => !file.isDirectory())) {
    const file = path.join(entry.parentPath, entry.name);
    const below = path.posix.join(mount.target, path.relative(mount.source, file).split(path.sep).join("/"));
    const named = templateName(below, site);
    if (named === undefined) continue;
    const text = await readText(file).catch(() => "");
    const ours = /\bpartial(?:Cached)?\s+"imgproxy\//.test(text);
    found.push({ ...named, ours, theme, file: path.relative(site.folder, file) });
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Information in the path of a file below `layouts/`; undefined for one that is neither, or not for HTML. */
function templateName(
  below: string,
  { hugoMinor, languages }: Pick<TemplateSource, "hugoMinor" | "languages">,
): Pick<Template, "kind" | "name" | "section" | "language" | "named"> | undefined {
  const [, before = "", folder = "", rest = ""] =
    /^(?:(.+)\/)?(_?shortcodes|_markup)\/(.+)\.html$/.exec(below) ?? [];
  const isHook = folder === "_markup";
  const [stem = "", ...parts] = rest.split(".");
  if (stem === "" || (isHook && stem !== "render-image")) return undefined;
  // From 0.146 on `_default` is the root, and folders whose name begins with an underscore are searched at any depth.
  const isNew = hugoMinor >= 146;
  const section = before === "_default" ? "" : before;
  if (!isNew && (isHook ? before === "" : below !== `shortcodes/${rest}.html`)) return undefined;
  if (isNew && folder === "shortcodes" && section !== "") return undefined;
  const language = parts.find((part) => languages.some(({ name }) => name === part.toLowerCase()));
  const named = parts.includes("html");
  if (parts.length > (language === undefined ? 0 : 1) + (named ? 1 : 0)) return undefined;
  return {
    kind: isHook ? "hook" : "shortcode",
    name: isNew ? stem.toLowerCase() : stem,
    section: section.toLowerCase(),
    language: language?.toLowerCase(),
    named: named && !isNew,
  };
}

// --- a module that is not here ---

const absentModule: readonly Template[] = [
  ...["img", "figure", "imgproxy/img", "imgproxy/figure", "imgproxy/gallery"].map((name) =>
    own("shortcode", name),
  ),
  own("hook", "render-image"),
];

function own(kind: Template["kind"], name: string): Template {
  return { kind, name, section: "", language: undefined, named: false, ours: true, theme: true, file: "" };
}
