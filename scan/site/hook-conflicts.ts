import type { Template } from "./modules/templates.ts";

/**
 * Render hooks for images that Hugo takes in the place of the module's: those of the site and of themes listed before it,
 * and anywhere those for a section or a language.
 * @returns each in words.
 */
export function hookConflicts(templates: readonly Template[]): string[] {
  const hooks = templates.filter(({ kind }) => kind === "hook");
  const own = hooks.findIndex((hook) => hook.ours && isGeneral(hook));
  return hooks
    .filter((hook, at) => !hook.ours && (!isGeneral(hook) || own === -1 || at < own))
    .map(({ file }) => `${file} is used in the place of the module's hook`);
}

/**
 * Shortcodes of themes that have the name of one of the module's: only one of the two can run.
 * @returns one sentence, or none.
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
        `${file} is used in the place of the module's ${name}, and is not scanned: imgproxy/${name} is the module's`,
    ),
    ...replacing.map(
      ({ file, name }) =>
        `${file} is not used, because the module's ${name} comes first: import the theme before the module to keep it, and write imgproxy/${name} for the module's`,
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
