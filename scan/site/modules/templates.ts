import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Module } from "./modules.ts";
import type { Mount } from "./mounts.ts";

/** A shortcode or a render hook for images that Hugo may run on HTML pages. */
export interface Template {
  readonly kind: "shortcode" | "hook";
  /** `img`, `imgproxy/img`; `render-image`. */
  readonly name: string;
  /** The folder of pages that it is for: `posts`, or empty for all. */
  readonly section: string;
  /** The language that it is for; undefined for all. */
  readonly language: string | undefined;
  /** Before 0.146 one that names HTML came before one that does not. */
  readonly named: boolean;
  /** Whether it shows the proxy's images: the module's, or one that calls the module's partials. */
  readonly ours: boolean;
  /** Of the site, or of a theme or module. */
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

/** In the order in which Hugo looks; those of a module that is not on this machine are taken for this one's own. */
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
 * The one that Hugo runs on a page: what is for its section or language comes first, then the order.
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

/** -1 for a mount of the site's own. */
function placeOf({ source }: Mount, modules: readonly Module[]): number {
  return modules.findIndex(({ folder }) => folder !== undefined && isWithin(source, folder));
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}${path.sep}`);
}

async function templatesOf(mount: Mount, site: TemplateSource, theme: boolean): Promise<Template[]> {
  const files = await readdir(mount.source, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: Template[] = [];
  for (const entry of files.filter((file) => !file.isDirectory())) {
    const file = path.join(entry.parentPath, entry.name);
    const below = path.posix.join(mount.target, path.relative(mount.source, file).split(path.sep).join("/"));
    const named = templateName(below, site);
    if (named === undefined) continue;
    const text = await readFile(file, "utf8").catch(() => "");
    const ours = /\bpartial(?:Cached)?\s+"imgproxy\//.test(text);
    found.push({ ...named, ours, theme, file: path.relative(site.folder, file) });
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** What the path of a file below `layouts/` says; undefined for one that is neither, or not for HTML. */
function templateName(
  below: string,
  { hugoMinor, languages }: Pick<TemplateSource, "hugoMinor" | "languages">,
): Pick<Template, "kind" | "name" | "section" | "language" | "named"> | undefined {
  const [, before = "", folder = "", rest = ""] =
    /^(?:(.+)\/)?(_?shortcodes|_markup)\/(.+)\.html$/.exec(below) ?? [];
  const isHook = folder === "_markup";
  const [stem = "", ...parts] = rest.split(".");
  if (stem === "" || (isHook && stem !== "render-image")) return undefined;
  // From 0.146 on `_default` is the root, and folders whose name begins with a line are looked into at any depth.
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
  ...["img", "figure", "imgproxy/img", "imgproxy/figure"].map((name) => own("shortcode", name)),
  own("hook", "render-image"),
];

function own(kind: Template["kind"], name: string): Template {
  return { kind, name, section: "", language: undefined, named: false, ours: true, theme: true, file: "" };
}
