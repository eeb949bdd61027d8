import { chooseTemplate, type Template } from "./modules/templates.ts";

/**
 * Render hooks for images that Hugo uses instead of the module's on some pages: those of the site and of themes listed before it, and
 * any for a section or a language.
 */
export function otherHooks(
  templates: readonly Template[],
  pages: Iterable<Parameters<typeof chooseTemplate>[3]>,
): Template[] {
  const hooks = Array.from(pages, (page) => chooseTemplate(templates, "hook", "render-image", page));
  return [...new Set(hooks.flatMap((hook) => (hook === undefined || hook.ours ? [] : [hook])))];
}

/** One sentence for each of {@link otherHooks}. */
export function hookConflicts(...searched: Parameters<typeof otherHooks>): string[] {
  return otherHooks(...searched).map(hookWords);
}

/** What the author can do: {@link isGeneral} is false for a hook that no order of imports changes. */
export function hookRemedy(hook: Template): string {
  const own = 'print the image in it with {{ partial "imgproxy/hook.html" . }}';
  if (!hook.theme) return `delete it, or ${own}`;
  if (!isGeneral(hook)) return `copy it into the site's own layouts, and ${own}`;
  return 'list the module before the theme in module.imports (a theme named by "theme" always comes last)';
}

export function hookWords({ file }: Template): string {
  return `${file} is used instead of the module's hook`;
}

/**
 * Shortcodes of themes with the same name as a shortcode of the module: Hugo can use only one of the two.
 * @returns one sentence for each.
 */
export function shortcodeConflicts(templates: readonly Template[]): string[] {
  const shortcodes = templates.filter(({ kind, theme }) => kind === "shortcode" && theme);
  const names = new Set(shortcodes.filter(({ ours }) => ours).map(({ name }) => name));
  const others = shortcodes.filter(({ name, ours }) => !ours && names.has(name));
  const replaced = others.filter((other) => isBefore(shortcodes, other));
  const replacing = others.filter((other) => !replaced.includes(other));
  return [
    ...replaced.map(
      ({ file, name }) =>
        `${file} is used instead of the module's ${name}, and is not scanned; the module's shortcode is imgproxy/${name}`,
    ),
    ...replacing.map(
      ({ file, name }) =>
        `${file} is not used, because the module's ${name} comes first: to keep it, import the theme before the module, and write imgproxy/${name} for the module's`,
    ),
  ];
}

// --- parts ---

function isGeneral({ section, language, named }: Template): boolean {
  return section === "" && language === undefined && !named;
}

function isBefore(shortcodes: readonly Template[], other: Template): boolean {
  const own = shortcodes.findIndex(({ ours, name }) => ours && name === other.name);
  return !isGeneral(other) || shortcodes.indexOf(other) < own;
}
