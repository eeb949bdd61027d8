import type { Site } from "./site.ts";

/** Of a site whose pages call none of the module's templates. */
export const NOT_IMPORTED =
  "the site does not import the module, so images stay as they are: imgproxy-lite init writes the import";

/**
 * Whether no template of the site, its themes and modules is the module's or calls one. While one of them is not on this machine, that is
 * not known: Hugo may fetch it when it builds.
 */
export function lacksModule({ modules, templates }: Pick<Site, "modules" | "templates">): boolean {
  if (modules.some(({ folder }) => folder === undefined)) return false;
  return !templates.some(({ ours, file }) => ours && file !== "");
}
