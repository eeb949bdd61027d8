import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/**
 * Render hooks for images that Hugo takes before the module's: the site's own, and those of themes listed before it.
 * One that calls the module's partials is none.
 * @param themes folders, in Hugo's order.
 * @returns each in words.
 */
export async function silencers(site: string, themes: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const root of [site, ...themes]) {
    for (const name of await hooksIn(path.join(root, "layouts"))) {
      const text = await readFile(path.join(root, "layouts", name), "utf8");
      if (/\bpartial(?:Cached)?\s+"imgproxy\//.test(text)) continue;
      const file = path.relative(site, path.join(root, "layouts", name));
      found.push(`${file} is used in the place of the module's hook`);
    }
  }
  return found;
}

async function hooksIn(layouts: string): Promise<string[]> {
  const names = await readdir(layouts, { recursive: true }).catch(() => []);
  return names.filter((name) => /(?:^|[\\/])_markup[\\/]render-image(?:\.[^\\/]*)?\.html$/.test(name)).sort();
}
