import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A Hugo site that shows the pages, templates and styles of another one where they are, so that edits of them are seen at once.
 * What programs write into a site (the manifest, resources/, Hugo's lock) stays in this one.
 * @param example the other site, whose configuration is read once.
 * @param folder of the new site; what is in it is kept.
 */
export async function writeDemoSite(example: string, folder: string): Promise<void> {
  await mkdir(join(folder, "assets"), { recursive: true });
  const config = await readFile(join(example, "config.toml"), "utf8");
  await writeFile(join(folder, "config.toml"), `${config}\n${mounts(example)}`);
}

/** Of two files with one name, Hugo takes the first one's: this site's own manifest. */
function mounts(example: string): string {
  const assets = { source: "assets", target: "assets" };
  const shown = ["assets", "content", "layouts"].map((name) => ({
    source: join(example, name),
    target: name,
  }));
  return [assets, ...shown]
    .map(
      ({ source, target }) =>
        `[[module.mounts]]\n  source = ${JSON.stringify(source)}\n  target = "${target}"\n`,
    )
    .join("");
}
