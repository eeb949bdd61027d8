import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { measureProgram } from "../tools/measure/command.ts";

/**
 * Hugo's own processing of pictures that need no resizing, at its default qualities.
 * @param formats Hugo's names: jpg, webp, avif (0.162 or newer).
 * @returns the file of each picture, by its name and format. @throws Error if that Hugo does not build it.
 */
export async function hugoPictures(what: {
  readonly hugo: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly formats: readonly string[];
}): Promise<(name: string, format: string) => Promise<Uint8Array>> {
  const { hugo, folder, files, formats } = what;
  const site = await mkdtemp(path.join(folder, "hugo-pictures-"));
  await mkdir(path.join(site, "layouts"));
  await mkdir(path.join(site, "assets"));
  for (const file of files) await copyFile(file, path.join(site, "assets", path.basename(file)));
  await writeFile(
    path.join(site, "hugo.toml"),
    'baseURL = "https://blog.example/"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n',
  );
  const list = formats.map((format) => JSON.stringify(format)).join(" ");
  await writeFile(
    path.join(site, "layouts", "index.html"),
    `{{ range $p := resources.Match "*" }}{{ range slice ${list} }}{{ (($p.Process .) | resources.Copy (printf "%s.%s" (path.Base $p.Name) .)).Publish }}{{ end }}{{ end }}\n`,
  );
  await measureProgram({
    file: hugo,
    args: ["--quiet", "--cacheDir", path.join(site, "cache")],
    cwd: site,
    log: path.join(site, "hugo.log"),
  });
  return (name, format) => readFile(path.join(site, "public", `${name}.${format}`));
}
